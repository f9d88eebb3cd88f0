"""Who wins where: the best level of the colour axis against the next, paired by seed."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean, stdev

from tombola.report.axes import rank
from tombola.report.curves import Measure, Panel, Results, Summary
from tombola.rows import Scalar

FEWEST_SEEDS = 3


@dataclass(frozen=True)
class Duel:
    """The leader, the one behind it, and by how much: mean and standard deviation of the seeds' differences."""

    measure: Measure
    panel: Panel
    sparsity: float | None
    leader: Scalar
    other: Scalar
    difference: float
    spread: float | None
    seeds: int

    @property
    def decided(self) -> bool:
        """Whether the difference is larger than its spread over at least three seeds."""
        return self.spread is not None and self.seeds >= FEWEST_SEEDS and self.difference > self.spread


def duels(results: Results) -> list[Duel]:
    """One duel for every measure, panel and sparsity where two levels or more were measured."""
    if len(results.colours) < 2:
        return []
    places = [(measure, panel, s) for panel in results.panels for measure in results.measures for s in _across(results)]
    found = [_duel(measure, panel, s, results.at(measure, panel, s)) for measure, panel, s in places]
    return [duel for duel in found if duel is not None]


def _across(results: Results) -> tuple[float | None, ...]:
    return results.sparsities or (None,)


def _duel(measure: Measure, panel: Panel, sparsity: float | None, levels: Mapping[Scalar, Summary]) -> Duel | None:
    """None where nothing can win: one level alone, or a measure of which neither more nor less is better."""
    if len(levels) < 2 or measure.better == "neither":
        return None
    sign = -1.0 if measure.better == "lower" else 1.0
    best = sorted(levels, key=lambda name: (-sign * levels[name].mean, rank(name)))
    return _paired(measure, panel, sparsity, best[0], best[1], levels, sign)


def _paired(
    measure: Measure,
    panel: Panel,
    sparsity: float | None,
    first: Scalar,
    second: Scalar,
    levels: Mapping[Scalar, Summary],
    sign: float,
) -> Duel:
    """Seeds both have are compared one by one; without any, the means are, and nothing is decided."""
    a, b = levels[first].values, levels[second].values
    differences = [sign * (a[seed] - b[seed]) for seed in sorted(set(a) & set(b))]
    mean = fmean(differences) if differences else sign * (levels[first].mean - levels[second].mean)
    spread = stdev(differences) if len(differences) > 1 else None
    leader, other = (first, second) if mean >= 0 else (second, first)
    return Duel(measure, panel, sparsity, leader, other, abs(mean), spread, len(differences))
