"""Claims c and d of this page, from rows: how much more two pretrainings of one prior agree, and what noise is borne.

    python results/cv-tickets/judged.py results/cv-tickets/cv-tickets-structure-small/rows.jsonl
    python results/cv-tickets/judged.py results/cv-tickets/cv-tickets-sensitivity-small/rows.jsonl

Prints what is compared, pretraining by pretraining, and its 95 % interval. Claims a and b are `tombola verdict`'s.
"""

import math
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from statistics import fmean
from typing import Final

from tombola.rows import Row, read_rows
from tombola.verdicts.intervals import interval_of

SHOWN: Final = 0.79
POINTS: Final = 2.0


def within_less_between(rows: Sequence[Row], sparsity: float = SHOWN) -> dict[int, float]:
    """By seed, points: what tickets of one prior share beyond chance, less what those of two priors do."""
    found: dict[int, dict[bool, list[float]]] = defaultdict(lambda: defaultdict(list))
    for (seed, prior, reference), share in _beyond_chance(rows, sparsity).items():
        found[seed][prior == reference].append(share)
    return {seed: fmean(of[True]) - fmean(of[False]) for seed, of in sorted(found.items())}


def _beyond_chance(rows: Sequence[Row], sparsity: float) -> dict[tuple[int, str, str], float]:
    signs = {"overlap": 1.0, "expected_overlap": -1.0}
    found: dict[tuple[int, str, str], float] = defaultdict(float)
    for row in rows:
        if row.metric in signs and math.isclose(_number(row, "draw.sparsity"), sparsity, abs_tol=0.005):
            place = (row.seed, str(row.cell["prior"]), str(row.detail["reference"]))
            found[place] += signs[row.metric] * row.value
    return found


def borne(rows: Sequence[Row], task: str, points: float = POINTS) -> dict[str, dict[int, float]]:
    """By prior and seed, the log of the noise at which dense nets are ``points`` below themselves without it.

    Those that lose less at the largest noise have none.
    """
    curves: dict[tuple[str, int], dict[float, float]] = defaultdict(dict)
    for row in rows:
        if row.metric == "accuracy" and row.cell["task"] == task and _number(row, "draw.sparsity") == 0:
            curves[str(row.cell["prior"]), row.seed][_number(row, "draw.scale")] = row.value
    found: dict[str, dict[int, float]] = defaultdict(dict)
    for (prior, seed), curve in sorted(curves.items()):
        if (log := crossing(curve, curve[0.0] - points)) is not None:
            found[prior][seed] = log
    return found


def crossing(curve: Mapping[float, float], bar: float) -> float | None:
    """The log of the first noise at which a curve is down at the bar, straight between two scales in the log.

    >>> round(math.exp(crossing({0.0: 90.0, 0.1: 90.0, 1.0: 86.0}, 88.0)), 3)  # half way down, from 0.1 to 1
    0.316
    """
    scales = sorted(scale for scale in curve if scale > 0)
    for before, scale in zip([scales[0], *scales], scales, strict=False):
        if curve[scale] <= bar:
            fall = curve[before] - curve[scale]
            share = (curve[before] - bar) / fall if fall > 0 and before < scale else 1.0
            return math.log(before) + share * (math.log(scale) - math.log(before))
    return None


def _number(row: Row, axis: str) -> float:
    return float(row.cell[axis] or 0)


def told(name: str, leads: Mapping[int, float]) -> str:
    """A line: the mean, its interval and the values behind it."""
    values = [*leads.values()]
    each = ", ".join(f"{value:+.2f}" for value in values)
    if len(values) < 2:
        return f"{name}: {each or 'nothing'}; undecided with fewer than two pretrainings"
    found = interval_of(values, 0.0, 0)
    return f"{name}: {fmean(values):+.2f} [{found.low:+.2f}, {found.high:+.2f}] of {each}"


def main(file: Path) -> None:
    """Print what the rows of a part say."""
    rows = read_rows(file)
    if any(row.metric == "overlap" for row in rows):
        print(told("overlap beyond chance, within a prior less between, points", within_less_between(rows)))
        return
    for task in sorted({str(row.cell["task"]) for row in rows}):
        logs = borne(rows, task)
        for one, other in combinations(sorted(logs), 2):
            shared = sorted(set(logs[one]) & set(logs[other]))
            leads = {seed: logs[one][seed] - logs[other][seed] for seed in shared}
            print(told(f"{task}, log of the noise borne, {one} less {other}", leads))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
