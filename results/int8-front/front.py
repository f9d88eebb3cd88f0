"""What the rule of this folder's page finds in the rows of a study, net by net; writes the table into the page.

python results/int8-front/front.py [--rows results/int8-front/minilm-sst2.jsonl]
"""

import argparse
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script, it finds those beside it

from results.marked import filled

from tombola.rows import Row, read_rows
from tombola.verdicts.intervals import interval_of

HERE: Final = Path(__file__).parent
DENSE: Final = "dense"
FLOAT32: Final = "openvino"
INT8: Final = ("openvino:int8", "onnxruntime:int8", "native:int8")
YARDSTICK: Final = "openvino:int8"
"""Timed again in the bench of every net: zeros make it neither faster nor slower."""
MARGIN: Final = -1.0

Key = tuple[str, int, str]
"""Net, seed, engine."""


@dataclass(frozen=True)
class Line:
    """A net in one engine over the seeds: means, and points beside the dense net in float32 of the same seed."""

    net: str
    engine: str
    accuracy: float
    points: Sequence[float]
    ms: float
    bytes: float
    times: float
    """As fast as the fastest dense int8 engine, median over the seeds."""

    @property
    def holds(self) -> bool:
        return statistics.fmean(self.points) >= MARGIN

    @property
    def interval(self) -> tuple[float, float]:
        """Student's of 95 % over the seeds; not numbers with fewer than two."""
        if len(self.points) < 2:
            return float("nan"), float("nan")
        found = interval_of(self.points, 0.0, 0)
        return found.low, found.high

    @property
    def verdict(self) -> str:
        """What the rule says of it."""
        if not self.holds:
            return "misses the margin"
        return "holds" if self.interval[0] >= MARGIN else "undecided: the interval reaches below the margin"

    def cells(self) -> str:
        """Its row in Markdown."""
        low, high = self.interval
        points = f"{statistics.fmean(self.points):+.2f} ({low:+.2f} to {high:+.2f})"
        kind = f"{self.net}, {self.engine}"
        return (
            f"| {kind} | {self.accuracy:.2f} | {points} | {self.ms:.3f} | {self.times:.2f} | {self.bytes / 1e6:.1f} |"
            f" {self.verdict} |"
        )


def lines_of(rows: Iterable[Row]) -> list[Line]:
    """Every net in every engine that judged it, the fastest first."""
    found: dict[str, dict[Key, float]] = defaultdict(dict)
    for row in rows:
        if row.property == "bench":
            found[row.metric][str(row.cell["net"]), row.seed, str(row.detail["engine"])] = row.value
    pairs = {(net, engine) for net, _, engine in found["accuracy"]}
    return sorted((_line(found, *pair) for pair in pairs), key=lambda line: -line.times)


def _line(found: Mapping[str, Mapping[Key, float]], net: str, engine: str) -> Line:
    told, times, sizes = found["accuracy"], found["latency"], found["bytes"]
    seeds = sorted(seed for one, seed, by in told if (one, by) == (net, engine))
    return Line(
        net,
        engine,
        statistics.fmean(told[net, seed, engine] for seed in seeds),
        [told[net, seed, engine] - told[DENSE, seed, FLOAT32] for seed in seeds],
        statistics.median(times[net, seed, engine] for seed in seeds),
        statistics.fmean(sizes[net, seed, engine] for seed in seeds),
        statistics.median(_times(times, net, seed, engine) for seed in seeds),
    )


def _times(ms: Mapping[Key, float], net: str, seed: int, engine: str) -> float:
    """The yardstick over the net in one bench, times the yardstick over the fastest dense int8 in the dense one."""
    best = min(ms[DENSE, seed, name] for name in INT8 if (DENSE, seed, name) in ms)
    return ms[net, seed, YARDSTICK] / ms[net, seed, engine] * best / ms[DENSE, seed, YARDSTICK]


def answer(lines: Sequence[Line]) -> str:
    """The one line a user needs."""
    held = next((line for line in lines if line.holds and line.net != DENSE), None)
    if held is None or held.times <= 1:
        return f"**Nothing sparse holds the margin and is faster than dense int8: {_densely(lines)}.**"
    low, high = held.interval
    points = f"{statistics.fmean(held.points):+.2f} points ({low:+.2f} to {high:+.2f}, {len(held.points)} seeds)"
    return f"**{held.net} by {held.engine}: {points}, {held.times:.2f} times as fast as dense int8.**"


def _densely(lines: Sequence[Line]) -> str:
    """Which dense int8 to ship: the fastest that holds the margin, beside the next one."""
    held = [line for line in lines if line.net == DENSE and line.engine in INT8 and line.holds]
    if not held:
        return "and of dense int8 nothing holds it; ship the dense net in float32"
    beside = "".join(f", {held[0].times / one.times:.2f} times as fast as {one.engine}" for one in held[1:2])
    return f"ship the dense net in int8, by {held[0].engine}{beside}"


def text(lines: Sequence[Line]) -> Iterator[str]:
    """The answer and the table in Markdown."""
    yield answer(lines)
    yield ""
    yield "| net, engine | accuracy | beside dense in float32, points | ms | times dense int8 | MB | |"
    yield "|---|---|---|---|---|---|---|"
    yield from (line.cells() for line in lines)


def main() -> None:
    """Put the table of a study between its marks in the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=Path, default=HERE / "minilm-sst2.jsonl")
    rows: Path = parser.parse_args().rows
    page, found = HERE / "README.md", "\n".join(text(lines_of(read_rows(rows))))
    page.write_text(filled(page.read_text(encoding="utf-8"), rows.stem, found), encoding="utf-8")
    print(found)


if __name__ == "__main__":
    main()
