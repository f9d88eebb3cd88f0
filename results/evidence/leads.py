"""Leads: what one level of an axis has over another, cell by cell on the same seeds, and pooled over cells.

A pooled lead is the mean over cells, each cell counting once. Its interval is Student's over the seeds' pooled leads,
with the noise of the test images added where the rows say which images were right (images would differ too if the study
were run again), and never narrower than without it. Pretrainings would differ as well, and nothing here says by how
much: each was made once.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import hypot
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from tombola.outcomes import Outcomes
from tombola.rows import Row, Scalar
from tombola.verdicts.intervals import Interval, interval_of

SPARSITY = "draw.sparsity"
_FEWEST = 3


@dataclass(frozen=True)
class Lead:
    """A mean difference in points, positive where the first level is better."""

    mean: float
    interval: Interval
    cells: int
    seeds: int
    samples: int

    @property
    def sign(self) -> int:
        """1 or -1 where the interval leaves 0 out, else 0."""
        return 1 if self.interval.low > 0 else -1 if self.interval.high < 0 else 0


def where(rows: Iterable[Row], metric: str, /, **levels: object) -> list[Row]:
    """The rows of a metric whose cells have these levels; a tuple of levels allows each of them.

    A dot in an axis's name is written as two underscores.
    """
    wanted = {axis.replace("__", "."): level for axis, level in levels.items()}
    return [row for row in rows if row.metric == metric and all(_has(row, *item) for item in wanted.items())]


def _has(row: Row, axis: str, level: object) -> bool:
    found = row.cell.get(axis)
    return found in level if isinstance(level, tuple) else found == level


def lead(rows: Sequence[Row], axis: str, left: str, right: str) -> Lead:
    """The pooled lead of ``left`` over ``right`` over all cells that have both, on the seeds that all share."""
    pairs = _pairs(rows, axis, left, right)
    seeds = sorted(set.intersection(*(set(pair) for pair in pairs.values()))) if pairs else []
    if len(seeds) < _FEWEST:
        raise ValueError(f"{axis}: {left} and {right} share {len(seeds)} seeds; {_FEWEST} are needed")
    by_seed = [fmean(_difference(*pair[seed]) for pair in pairs.values()) for seed in seeds]
    samples = min(row.samples for pair in pairs.values() for seed in seeds for row in pair[seed])
    bare, found = (interval_of(by_seed, noise, samples) for noise in (0.0, _noise(pairs, seeds)))
    widest = Interval(min(bare.low, found.low), max(bare.high, found.high), found.method)
    return Lead(fmean(by_seed), widest, len(pairs), len(seeds), samples)


def gap(first: Lead, second: Lead) -> Lead:
    """How much larger the first lead is; their intervals are taken as independent, which widens this one."""
    half = [(found.interval.high - found.interval.low) / 2 for found in (first, second)]
    mean, width = first.mean - second.mean, hypot(half[0], half[1])
    span = Interval(mean - width, mean + width, "two leads taken as independent")
    return Lead(mean, span, first.cells, min(first.seeds, second.seeds), min(first.samples, second.samples))


Pair = Mapping[int, tuple[Row, Row]]


def _pairs(rows: Sequence[Row], axis: str, left: str, right: str) -> dict[tuple[tuple[str, Scalar], ...], Pair]:
    found: dict[tuple[tuple[str, Scalar], ...], dict[int, dict[str, Row]]] = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        cell = tuple(sorted((name, level) for name, level in row.cell.items() if name != axis))
        found[cell][row.seed][str(row.cell[axis])] = row
    both = {
        cell: {seed: (sides[left], sides[right]) for seed, sides in seeds.items() if {left, right} <= set(sides)}
        for cell, seeds in found.items()
    }
    return {cell: pair for cell, pair in both.items() if pair}


def _difference(left: Row, right: Row) -> float:
    return (left.value - right.value) * (-1.0 if left.better == "lower" else 1.0)


def _noise(pairs: Mapping[tuple[tuple[str, Scalar], ...], Pair], seeds: Sequence[int]) -> float:
    """The variance, in squared points, that other test images would put on the pooled lead; 0 where nothing is known.

    Cells of one task are looked at on the same images, so they are averaged image by image; tasks are independent.
    """
    tasks: dict[Scalar, list[NDArray[np.float64]]] = defaultdict(list)
    for cell, pair in pairs.items():
        for seed in seeds:
            left, right = pair[seed]
            if left.outcomes and right.outcomes:
                tasks[dict(cell).get("task")].append(_table(left) - _table(right))
    whole = sum(len(tables) for tables in tasks.values())
    parts = [(len(tables) / whole, np.mean(tables, axis=0)) for tables in tasks.values()]
    return float(sum(share**2 * 1e4 * image.var() / len(image) for share, image in parts))


def _table(row: Row) -> NDArray[np.float64]:
    return Outcomes.parse(row.outcomes).table().astype(np.float64)
