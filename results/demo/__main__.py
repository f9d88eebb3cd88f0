"""Whether a demo came out as the README's second picture shows it: each point of it within a stated tolerance.

    python -m results.demo [RUN]    # runs/demo, where `make demo` leaves its rows; draws RUN/demo.png

The rows beside this file are the picture's, of an AMD EPYC (Zen 3). Another processor sums in another order, so a
training ends elsewhere: on an Intel Xeon (AVX-512) the 20 points of accuracy, means of three seeds, lay 3.6 away at
most and half of them 0.7; those of adversarial accuracy 8.0 and 1.0. `TOLERANCE` is about twice that. A demo outside
it was not made as this one was, and ends with 1.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, median
from typing import Final, TypeAlias

from tombola.report.picture import write_picture
from tombola.rows import Row, Scalar, read_rows

HERE: Final = Path(__file__).parent
RUN: Final = Path("runs") / "demo"
TOLERANCE: Final = {"accuracy": (6.0, 1.5), "adversarial_accuracy": (15.0, 3.0)}
"""Of each metric: how far one point may lie from the picture's, and how far half of them, in points."""

Points: TypeAlias = Mapping[tuple[Scalar, ...], float]
"""Means over seeds, by transfer, sparsity and prior."""


def main(arguments: Sequence[str]) -> int:
    """Draw, compare, tell; 1 where a point lies outside."""
    folder = Path(arguments[0]) if arguments else RUN
    rows = read_rows(folder / "rows.jsonl")
    problems = [line for metric in TOLERANCE for line in compared(points(rows, metric), stored(metric), metric)]
    print(f"picture: {write_picture(rows, folder / 'demo.png')}")
    print("\n".join(problems) or f"as docs/pictures/demo.png, within {_told()}")
    return 1 if problems else 0


def points(rows: Sequence[Row], metric: str) -> Points:
    """One metric's."""
    values: dict[tuple[Scalar, ...], list[float]] = {}
    for row in rows:
        if row.metric == metric:
            at = (row.cell["transfer"], row.cell["draw.sparsity"], row.cell["prior"])
            values.setdefault(at, []).append(row.value)
    return {at: fmean(found) for at, found in values.items()}


def stored(metric: str) -> Points:
    """The picture's."""
    return points(read_rows(HERE / "rows.jsonl"), metric)


def compared(found: Points, wanted: Points, metric: str) -> list[str]:
    """What lies outside the tolerance, a line each; other points than the picture's are told alone."""
    if found.keys() != wanted.keys():
        return [f"{metric}: {len(found)} points, and other ones than the picture's {len(wanted)}: not the same study"]
    most, half = TOLERANCE[metric]
    apart = {at: found[at] - wanted[at] for at in wanted}
    lines = [
        f"{metric}: {by:+.1f} points beside the picture's {wanted[at]:.1f} at {', '.join(map(str, at))} (most {most:g})"
        for at, by in apart.items()
        if abs(by) > most
    ]
    middle = median(map(abs, apart.values()))
    return lines + (
        [f"{metric}: half the points are {middle:.1f} or more away (most {half:g})"] if middle > half else []
    )


def _told() -> str:
    return "; ".join(
        f"{most:g} points of {metric.replace('_', ' ')} and half of them within {half:g}"
        for metric, (most, half) in TOLERANCE.items()
    )


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
