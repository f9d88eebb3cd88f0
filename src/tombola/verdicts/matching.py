"""*Matching*, *winning* and *double-win*: whether a sparse network is as good as the dense one.

Decided by the paired interval of what it has over the dense one: a match where all of it reaches the bar, short where
none of it does, undecided where it covers the bar. ``by_means`` is what the papers ask: whether the mean alone does.

Reference: a winning ticket is within one standard deviation of the full model (BERT-Tickets, table 2), the variant with
no allowance is tabulated beside it; a double-win ticket matches in standard accuracy under standard transfer, and in
standard and robust accuracy under adversarial transfer (Double-Win, ICML'22).
"""

from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from tombola.errors import RequestError
from tombola.rows import Row, Scalar
from tombola.verdicts.intervals import Interval
from tombola.verdicts.paired import paired
from tombola.verdicts.runs import Given, Outcome, Runs, runs_of, undecidable

Rule: TypeAlias = Literal["std", "strict", "margin"]
RULES: Final[tuple[Rule, ...]] = ("std", "strict", "margin")


@dataclass(frozen=True)
class Matching:
    """Whether ``mean`` reaches ``bar``, the dense mean less what the rule allows (both None with too few seeds).

    ``interval`` is where the sparse network's true value lies beside that dense mean.
    """

    outcome: Outcome
    rule: Rule
    mean: float | None = None
    bar: float | None = None
    interval: Interval | None = None
    seeds: int = 0
    unit: str = ""
    better: str = "higher"
    why: str = ""

    @property
    def by_means(self) -> Outcome:
        """As the papers count: whether the mean reaches the bar, however wide its interval is."""
        if self.mean is None or self.bar is None:
            return "undecided"
        reached = self.mean <= self.bar if self.better == "lower" else self.mean >= self.bar
        return "yes" if reached else "no"

    @property
    def text(self) -> str:
        """The verdict in one sentence."""
        words: dict[Outcome, str] = {"yes": "Matches", "no": "Falls short", "undecided": "Undecided"}
        return f"{words[self.outcome]}: {self.why or _compared(self)}."


def _compared(found: Matching) -> str:
    """What was asked for, and where the network is believed to stand."""
    assert found.interval is not None
    unit = f" {found.unit}" if found.unit else ""
    least = "at most" if found.better == "lower" else "at least"
    asked = {"std": "the dense mean and one std", "strict": "the dense mean", "margin": "the dense mean and margin"}
    span = f"{found.interval.low:.2f} to {found.interval.high:.2f}"
    told = f"{found.mean:.2f}{unit} ({span}) over {found.seeds} seeds"
    return f"{told}, {asked[found.rule]} ask for {least} {found.bar:.2f}{unit}"


def matching(sparse: Given, dense: Given, *, rule: Rule = "std", margin: float = 0.0) -> Matching:
    """Whether the sparse runs are within one std of the dense ones (``strict``: 0; ``margin``: so many units).

    Undecided unless at least three seeds are shared. Where lower is better, everything is turned round.
    """
    if rule not in RULES:
        raise RequestError(f"rule={rule!r} is no way to match; write one of {', '.join(RULES)}")
    ours, full = runs_of(sparse), runs_of(dense)
    if why := undecidable(ours, full, ("the sparse network", "the dense network")):
        return Matching("undecided", rule, seeds=ours.n, unit=ours.unit, better=ours.better, why=why)
    lead = paired(ours, full).interval
    assert lead is not None
    allowed = _allowed(full, rule, margin)
    outcome: Outcome = "yes" if lead.low >= -allowed else "no" if lead.high < -allowed else "undecided"
    bar, span = full.mean - ours.sign * allowed, _beside(full.mean, ours.sign, lead)
    found = Matching(outcome, rule, ours.mean, bar, span, ours.n, ours.unit, ours.better)
    return replace(found, why=_compared(found)) if outcome == "undecided" else found


def _beside(mean: float, sign: float, lead: Interval) -> Interval:
    """The values that a lead over ``mean`` leaves."""
    low, high = sorted((mean + sign * lead.low, mean + sign * lead.high))
    return Interval(low, high, lead.method)


def _allowed(dense: Runs, rule: Rule, margin: float) -> float:
    return {"std": dense.std, "strict": 0.0, "margin": margin}[rule]


@dataclass(frozen=True)
class Winning:
    """Whether a matching ticket is a winning one: whether it starts from the pretrained weights."""

    outcome: Outcome
    matching: Matching
    start: Scalar
    why: str = ""

    @property
    def text(self) -> str:
        """The verdict in one sentence."""
        if self.outcome == "yes":
            return f"A winning ticket, started from the pretrained weights. {self.matching.text}"
        return f"{'Undecided' if self.outcome == 'undecided' else 'Not a winning ticket'}: {self.why}."


def winning(sparse: list[Row], dense: Given, *, start: str = "", rule: Rule = "std", margin: float = 0.0) -> Winning:
    """Whether the ticket matches and starts from pretrained weights.

    Where a ticket starts is a matter of the study's design: ``start`` names the axis whose level must then be
    ``pretrained``, such as ``draw.rewind``; without it, every ticket of the study does.
    """
    found = matching(sparse, dense, rule=rule, margin=margin)
    if start and not all(start in row.cell for row in sparse):
        return Winning("undecided", found, None, f"the rows have no axis {start!r} that says where tickets start")
    level = sparse[0].cell[start] if start and sparse else "pretrained"
    if level != "pretrained":
        return Winning("no", found, level, f"it starts from {level!r}, not from the pretrained weights")
    why = found.why if found.outcome == "undecided" else "it does not match the dense network"
    return Winning(found.outcome, found, level, "" if found.outcome == "yes" else why)


@dataclass(frozen=True)
class DoubleWin:
    """The three verdicts of which a double win needs all."""

    standard: Matching
    adversarial: Matching
    robust: Matching

    @property
    def parts(self) -> dict[str, Matching]:
        """The three by what they are about."""
        return {
            "standard accuracy under standard transfer": self.standard,
            "standard accuracy under adversarial transfer": self.adversarial,
            "robust accuracy under adversarial transfer": self.robust,
        }

    @property
    def outcome(self) -> Outcome:
        """One "no" settles it; else one "undecided" leaves it open."""
        found = {part.outcome for part in self.parts.values()}
        return "no" if "no" in found else "undecided" if "undecided" in found else "yes"

    @property
    def why(self) -> str:
        """The parts that stand against it."""
        against = [f"{name}: {part.text}" for name, part in self.parts.items() if part.outcome == self.outcome]
        return "" if self.outcome == "yes" else " ".join(against).removesuffix(".")

    @property
    def text(self) -> str:
        """The verdict in one sentence."""
        words: dict[Outcome, str] = {"yes": "A double win", "no": "No double win", "undecided": "Undecided"}
        return f"{words[self.outcome]}: {self.why or 'all three match the dense network'}."


def double_win(
    standard: tuple[Given, Given],
    adversarial: tuple[Given, Given],
    robust: tuple[Given, Given],
    *,
    rule: Rule = "std",
    margin: float = 0.0,
) -> DoubleWin:
    """The double win of (sparse, dense) runs: standard accuracy, then both accuracies under adversarial transfer."""
    return DoubleWin(*(matching(*pair, rule=rule, margin=margin) for pair in (standard, adversarial, robust)))
