"""Leads: what one level of an axis has over another, cell by cell on the same seeds, and pooled over cells.

A pooled lead is the mean over cells, each cell counting once. Its interval is Student's over the seeds' pooled leads,
with the noise of the test images added where the rows say which images were right (images would differ too if the study
were run again), and never narrower than without it; its p is of the same statistic. The unit that is repeated is the
seed of drawing and transfer: every net was pretrained once, and nothing here says how another pretraining would differ.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from statistics import fmean
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tombola.outcomes import Outcomes
from tombola.rows import Row, Scalar
from tombola.verdicts.intervals import Interval, interval_of, p_value, spread_of

SPARSITY = "draw.sparsity"
_FEWEST = 3

Cell: TypeAlias = tuple[tuple[str, Scalar], ...]
"""The levels of a cell but for the axis that is compared."""
Pair: TypeAlias = Mapping[int, tuple[Row, Row]]
"""The better one asked about and the other, by seed."""


@dataclass(frozen=True)
class Lead:
    """A mean difference in points, positive where the first level is better, and the means it is a difference of.

    Of a `gap` the two means are the two leads.
    """

    mean: float
    interval: Interval
    p: float
    left: float
    right: float
    cells: tuple[Cell, ...]
    seeds: int
    images: bool
    """Whether the interval allows for other test images too, in all cells."""
    of_leads: bool = False
    """Whether it is what one lead has over another: a `gap`."""
    error: float = 0.0
    """The standard error behind the interval, with its degrees of freedom."""
    freedom: float = 2.0

    @property
    def sign(self) -> int:
        """1 or -1 where the interval leaves 0 out, else 0."""
        return self.side_of(0.0)

    def side_of(self, bar: float) -> int:
        """1 where the whole interval is above ``bar``, -1 where it is below, else 0."""
        return 1 if self.interval.low > bar else -1 if self.interval.high < bar else 0

    def p_at(self, bar: float) -> float:
        """How likely a mean so far from ``bar``, either way, is where that is the true lead."""
        from scipy.special import stdtr

        if bar == 0 or self.error == 0:
            return self.p if bar == 0 else float(self.mean == bar)
        return 2 * float(stdtr(self.freedom, -abs(self.mean - bar) / self.error))

    @property
    def half(self) -> float:
        """Half the interval: no smaller lead could have left 0 out."""
        return (self.interval.high - self.interval.low) / 2

    @property
    def covers(self) -> str:
        """What would differ in another run that the interval allows for."""
        return "seeds and images" if self.images else "seeds only"


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
    seeds = _shared([pairs], f"{axis}: {left} and {right}")
    means = [fmean(pair[seed][side].value for pair in pairs.values() for seed in seeds) for side in (0, 1)]
    return _judged([(1.0, pairs)], seeds, (means[0], means[1]))


def gap(rows: Sequence[Row], others: Sequence[Row], axis: str, left: str, right: str) -> Lead:
    """How much larger the lead over ``rows`` is than that over ``others``, seed by seed and image by image."""
    first, second = (_pairs(given, axis, left, right) for given in (rows, others))
    seeds = _shared([first, second], f"{axis}: {left} and {right}")
    leads = [fmean(_by_seed(pairs, seeds)) for pairs in (first, second)]
    return replace(_judged([(1.0, first), (-1.0, second)], seeds, (leads[0], leads[1])), of_leads=True)


def _judged(
    parts: Sequence[tuple[float, Mapping[Cell, Pair]]], seeds: Sequence[int], means: tuple[float, float]
) -> Lead:
    """The weighted sum of pooled leads. The wider of two intervals, the larger of two p: with and without images."""
    told = [[sign * value for value in _by_seed(pairs, seeds)] for sign, pairs in parts]
    by_seed = [sum(values) for values in zip(*told, strict=True)]
    rows = [row for _, pairs in parts for pair in pairs.values() for seed in seeds for row in pair[seed]]
    cells = tuple(cell for _, pairs in parts for cell in pairs)
    found = lead_of(by_seed, means, noise=_noise(parts, seeds), samples=min(row.samples for row in rows))
    return replace(found, cells=cells, images=all(row.outcomes for row in rows))


def lead_of(by_seed: Sequence[float], means: tuple[float, float], *, noise: float = 0.0, samples: int = 0) -> Lead:
    """The lead that differences told by seed come to; ``noise`` is what else there is, as a variance of their mean."""
    noises = (0.0, noise)
    spans = [interval_of(by_seed, noise, samples) for noise in noises]
    widest = Interval(min(span.low for span in spans), max(span.high for span in spans), spans[1].method)
    wider = max(noises, key=lambda noise: spans[noises.index(noise)].high)
    variance, freedom = spread_of(by_seed, wider, samples)
    p = max(p_value(by_seed, noise, samples) for noise in noises)
    return Lead(
        fmean(by_seed), widest, p, *means, (), len(by_seed), images=False, error=sqrt(variance), freedom=freedom
    )


def _by_seed(pairs: Mapping[Cell, Pair], seeds: Sequence[int]) -> list[float]:
    return [fmean(_difference(*pair[seed]) for pair in pairs.values()) for seed in seeds]


def _shared(sides: Sequence[Mapping[Cell, Pair]], what: str) -> list[int]:
    found = [set(pair) for pairs in sides for pair in pairs.values()]
    seeds = sorted(set.intersection(*found)) if all(sides) else []
    if len(seeds) < _FEWEST:
        raise ValueError(f"{what} share {len(seeds)} seeds; {_FEWEST} are needed")
    return seeds


def _pairs(rows: Sequence[Row], axis: str, left: str, right: str) -> dict[Cell, Pair]:
    found: dict[Cell, dict[int, dict[str, Row]]] = defaultdict(lambda: defaultdict(dict))
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


def _noise(parts: Sequence[tuple[float, Mapping[Cell, Pair]]], seeds: Sequence[int]) -> float:
    """The variance, in squared points, that other test images would put on the sum; 0 where nothing is known.

    Cells of one task are looked at on the same images, so they are added image by image; tasks are independent.
    """
    tasks: dict[tuple[Scalar, str], list[NDArray[np.float64]]] = defaultdict(list)
    for sign, pairs in parts:
        share = sign / (len(pairs) * len(seeds))
        for cell, pair in pairs.items():
            for left, right in (pair[seed] for seed in seeds):
                if left.outcomes and right.outcomes:
                    of = Outcomes.parse(left.outcomes).of
                    tasks[dict(cell).get("task"), of].append(share * (_table(left) - _table(right)))
    images = [np.sum(tables, axis=0) for tables in tasks.values()]
    return float(sum(1e4 * image.var() / len(image) for image in images))


def _table(row: Row) -> NDArray[np.float64]:
    return Outcomes.parse(row.outcomes).table().astype(np.float64)
