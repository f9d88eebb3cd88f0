"""What rounding costs and what last steps in int8 win, net by net, from the rows of `rounding.yaml`.

python results/int8-front/rounding.py [--rows results/int8-front/rounding.jsonl]
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script, it finds those beside it

from results.evidence.holm import holm
from results.intervals import with_interval
from results.marked import filled

from tombola.rows import Row, read_rows
from tombola.verdicts.intervals import p_value

HERE: Final = Path(__file__).parent
AFTERWARDS, LAST = "afterwards", "last steps"
FLOAT32, INT8 = "native", "native:int8"

Told = dict[tuple[str, str, str], dict[int, float]]
"""Accuracy by net, way and engine; then by seed."""


def told(rows: Sequence[Row]) -> Told:
    """What engines answered."""
    found: Told = {}
    for row in rows:
        if (row.property, row.metric) == ("bench", "accuracy"):
            net, _, way = str(row.cell["net"]).partition(", ")
            found.setdefault((net, way, str(row.detail["engine"])), {})[row.seed] = row.value
    return found


def less(found: Told, one: tuple[str, str, str], other: tuple[str, str, str]) -> list[float]:
    """Differences of what both told, seed by seed."""
    return [found[one][seed] - found[other][seed] for seed in sorted(found[one]) if seed in found[other]]


def table(rows: Sequence[Row]) -> Iterator[str]:
    """In Markdown; Holm's correction is over what last steps win of all nets."""
    found = told(rows)
    nets = list(dict.fromkeys(net for net, _, _ in found))
    won = {net: less(found, (net, LAST, INT8), (net, AFTERWARDS, INT8)) for net in nets}
    corrected = holm({net: p_value(leads, 0.0, 0) for net, leads in won.items()})
    yield "| net | float32 | int8 afterwards | what rounding costs | int8, last steps | what they win | verdict |"
    yield "|---|---|---|---|---|---|---|"
    for net in nets:
        means = [
            fmean(found[net, way, by].values()) for way, by in ((AFTERWARDS, FLOAT32), (AFTERWARDS, INT8), (LAST, INT8))
        ]
        cost = less(found, (net, AFTERWARDS, INT8), (net, AFTERWARDS, FLOAT32))
        yield (
            f"| {net} | {means[0]:.2f} | {means[1]:.2f} | {with_interval(cost)} | {means[2]:.2f} |"
            f" {with_interval(won[net])} | {_verdict(won[net], corrected[net])} |"
        )


def _verdict(leads: Sequence[float], corrected: float) -> str:
    if corrected >= 0.05:
        return "undecided"
    return "wins" if fmean(leads) > 0 else "loses"


def main() -> None:
    """Put the table into the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=Path, default=HERE / "rounding.jsonl")
    page, found = HERE / "README.md", "\n".join(table(read_rows(parser.parse_args().rows)))
    page.write_text(filled(page.read_text(encoding="utf-8"), "rounding", found), encoding="utf-8")
    print(found)


if __name__ == "__main__":
    main()
