"""Who wins where: the best level of the colour axis against the next, by the paired verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from tombola.report.axes import level, rank
from tombola.report.curves import Measure, Panel, Place, Results
from tombola.rows import Scalar
from tombola.verdicts.paired import MARGIN, Paired, paired, tolerance_of
from tombola.verdicts.runs import Runs


@dataclass(frozen=True)
class Duel:
    """The leader, the one nearest to beating it, and the verdict on the leader's lead over that one."""

    measure: Measure
    panel: Panel
    sparsity: float | None
    leader: Scalar
    other: Scalar
    verdict: Paired
    decided: bool
    """Whether the leader wins: against this one and against every other level there."""

    @property
    def difference(self) -> float:
        """The mean lead, in the measure's unit; positive also where lower is better."""
        return self.verdict.difference or 0.0

    @property
    def seeds(self) -> int:
        return self.verdict.seeds

    @property
    def matched(self) -> bool:
        """Whether the lead is shown to be within the tolerance."""
        return not self.decided and self.verdict.outcome == "match"

    @property
    def outcome(self) -> str:
        """The winner's name, ``match`` or ``undecided``."""
        return level(self.leader) if self.decided else "match" if self.matched else "undecided"


def duels(results: Results, margin: float = MARGIN) -> list[Duel]:
    """One duel for every measure, panel and sparsity where two levels or more were measured.

    ``margin`` is what makes no difference, in points; measures that are no percentages match only where equal.
    """
    if len(results.colours) < 2:
        return []
    places = [(measure, panel, s) for panel in results.panels for measure in results.measures for s in _across(results)]
    found = [_duel(results, measure, panel, s, margin) for measure, panel, s in places]
    return [duel for duel in found if duel is not None]


def _across(results: Results) -> tuple[float | None, ...]:
    return results.sparsities or (None,)


def _duel(results: Results, measure: Measure, panel: Panel, sparsity: float | None, margin: float) -> Duel | None:
    """None where nothing can win: one level alone, or a measure of which neither more nor less is better."""
    levels = {c: results.runs(measure, Place(panel, c, sparsity)) for c in results.at(measure, panel, sparsity)}
    if len(levels) < 2 or measure.better == "neither":
        return None
    leader, verdicts = _leader(levels, tolerance_of(measure.unit, margin))
    other = next((name for name, verdict in verdicts.items() if verdict.outcome != "left"), next(iter(verdicts)))
    decided = all(verdict.outcome == "left" for verdict in verdicts.values())
    return Duel(measure, panel, sparsity, leader, other, verdicts[other], decided)


def _leader(levels: Mapping[Scalar, Runs], tolerance: float) -> tuple[Scalar, Mapping[Scalar, Paired]]:
    """The level that no other is ahead of on the seeds they share, else that of the best mean; and its verdicts.

    The verdicts are in the order of the others' means, so the first is that against the next.
    """
    best = sorted(levels, key=lambda name: (-levels[name].sign * levels[name].mean, rank(name)))
    ahead = (name for name in best if all(_lead(levels[name], other) >= 0 for other in levels.values()))
    leader = next(ahead, best[0])
    return leader, _against(leader, best, levels, tolerance)


def _lead(one: Runs, other: Runs) -> float:
    """The mean lead alone, without the interval, which takes a thousand times as long."""
    leads = [one.sign * (one.values[seed] - other.values[seed]) for seed in one.shared(other)]
    return fmean(leads) if leads else one.sign * (one.mean - other.mean)


def _against(
    name: Scalar, best: Sequence[Scalar], levels: Mapping[Scalar, Runs], tolerance: float
) -> dict[Scalar, Paired]:
    return {
        other: paired(levels[name], levels[other], (level(name), level(other)), tolerance=tolerance)
        for other in best
        if other is not name
    }
