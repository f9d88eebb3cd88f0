"""The verdicts of a study by panel: how sparse each prior may get, and which prior is better at which sparsity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tombola.report.axes import level
from tombola.report.curves import Measure, Panel, Place, Results
from tombola.report.duels import Duel, duels
from tombola.report.headline import where
from tombola.report.numbers import percent
from tombola.rows import Scalar
from tombola.verdicts.bracket import Bracket, largest_matching
from tombola.verdicts.matching import RULES, Rule
from tombola.verdicts.paired import MARGIN, tolerance_of

CONTEST: Final = ("sparsity", "verdict", "lead", "95 % interval", "seeds")


@dataclass(frozen=True)
class Judged:
    """What is said of one measure in one panel."""

    place: str
    matching: Mapping[Scalar, Mapping[Rule, Bracket]]
    duels: Sequence[Duel]

    def lines(self) -> list[str]:
        """Where, and how sparse each prior may get: a line a prior."""
        return [self.place or "all", *(_bracket_line(level(name), found) for name, found in self.matching.items())]

    def contests(self) -> list[tuple[str, ...]]:
        """A row a sparsity, as `CONTEST` names its columns: who wins, by how much, and how sure that is."""
        return [_contest(duel) for duel in self.duels]

    def methods(self) -> list[str]:
        """How the intervals were found, each way once."""
        return list(dict.fromkeys(span.method for duel in self.duels if (span := duel.verdict.interval) is not None))

    def as_json(self) -> dict[str, object]:
        """The same for programs."""
        matching = {
            level(name): {rule: _bracket_json(found) for rule, found in by_rule.items()}
            for name, by_rule in self.matching.items()
        }
        return {"where": self.place, "matching": matching, "verdicts": [_duel_json(duel) for duel in self.duels]}


def judge(results: Results, *, dense: float = 0.0, margin: float = MARGIN) -> list[Judged]:
    """The verdicts of every panel and measure of which more or less is better; ``dense`` is the sparsity to match."""
    contests = duels(results, margin)
    found = [
        Judged(
            where(results, panel, measure),
            _matching(results, measure, panel, dense, margin),
            [duel for duel in contests if (duel.panel, duel.measure) == (panel, measure)],
        )
        for panel in results.panels
        for measure in results.measures
        if measure.better != "neither"
    ]
    return [one for one in found if one.matching or one.duels]


def _matching(
    results: Results, measure: Measure, panel: Panel, dense: float, margin: float
) -> dict[Scalar, dict[Rule, Bracket]]:
    """Each level against its own dense network; nothing without an axis of sparsities."""
    curves = {colour: results.curve(measure, panel, colour) for colour in results.colours}
    levels = {
        colour: {s: results.runs(measure, Place(panel, colour, s)) for s in curve} for colour, curve in curves.items()
    }
    allowed = tolerance_of(measure.unit, margin)
    return {
        colour: {rule: largest_matching(runs, dense=dense, rule=rule, margin=allowed) for rule in RULES}
        for colour, runs in levels.items()
        if runs
    }


def _bracket_line(name: str, by_rule: Mapping[Rule, Bracket]) -> str:
    """The verdict within one std; what the other two rules, and the means without their intervals, make of it."""
    main = by_rule["std"]
    others = [f"{rule}: {percent(b.up_to)}" for rule, b in by_rule.items() if rule != "std" and b.up_to != main.up_to]
    others += [f"by means alone: {percent(main.by_means)}"] if main.by_means not in (None, main.up_to) else []
    return f"  {name}: {main.text[:1].lower()}{main.text[1:]}" + (f" ({'; '.join(others)})" if others else "")


def _contest(duel: Duel) -> tuple[str, ...]:
    span, unit = duel.verdict.interval, "points" if duel.measure.unit == "%" else duel.measure.unit
    ahead, behind = level(duel.leader), level(duel.other)
    if span is None or duel.verdict.difference is None:
        return percent(duel.sparsity), f"undecided: {duel.verdict.why}", "", "", str(duel.seeds)
    said = f"{duel.outcome} wins" if duel.decided else duel.outcome
    lead = f"{duel.verdict.difference:+.2f} {unit}, {ahead} before {behind}"
    return percent(duel.sparsity), said, lead, f"{span.low:+.2f} to {span.high:+.2f}", str(duel.seeds)


def _told(duel: Duel) -> str:
    """The verdict's sentence; with three levels or more, a lead over one of them alone is no win."""
    text = duel.verdict.text
    return f"undecided. {text}" if duel.outcome == "undecided" and duel.verdict.winner else text


def _bracket_json(found: Bracket) -> dict[str, object]:
    return {
        "outcome": found.outcome,
        "up_to": found.up_to,
        "next": found.then,
        "next_outcome": found.then_outcome,
        "anywhere": found.anywhere,
        "by_means": found.by_means,
        "text": found.text,
    }


def _duel_json(duel: Duel) -> dict[str, object]:
    span = duel.verdict.interval
    return {
        "sparsity": duel.sparsity,
        "verdict": duel.outcome,
        "ahead": level(duel.leader),
        "behind": level(duel.other),
        "lead": duel.verdict.difference,
        "low": span and span.low,
        "high": span and span.high,
        "tolerance": duel.verdict.tolerance,
        "seeds": duel.seeds,
        "method": span and span.method,
        "text": _told(duel),
    }
