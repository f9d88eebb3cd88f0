"""*Matching*, *winning* and *double-win*: whether a sparse network is as good as the dense one.

Reference: a winning ticket is within one standard deviation of the full model (BERT-Tickets, table 2), the variant with
no allowance is tabulated beside it; a double-win ticket matches in standard accuracy under standard transfer, and in
standard and robust accuracy under adversarial transfer (Double-Win, ICML'22).
"""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from tombola.errors import RequestError
from tombola.rows import Row, Scalar
from tombola.verdicts.runs import Given, Outcome, Runs, runs_of, undecidable

Rule: TypeAlias = Literal["std", "strict", "margin"]
RULES: Final[tuple[Rule, ...]] = ("std", "strict", "margin")


@dataclass(frozen=True)
class Matching:
    """Whether ``mean`` reaches ``bar``, the dense mean less what the rule allows (both None where undecided)."""

    outcome: Outcome
    rule: Rule
    mean: float | None = None
    bar: float | None = None
    seeds: int = 0
    unit: str = ""
    better: str = "higher"
    why: str = ""

    @property
    def text(self) -> str:
        """The verdict in one sentence."""
        if self.mean is None or self.bar is None:
            return f"Undecided: {self.why}."
        unit = f" {self.unit}" if self.unit else ""
        least = "at most" if self.better == "lower" else "at least"
        word = "Matches" if self.outcome == "yes" else "Falls short"
        asked = {"std": "the dense mean and one std", "strict": "the dense mean", "margin": "the dense mean and margin"}
        told = f"{self.mean:.2f}{unit} over {self.seeds} seeds, {asked[self.rule]} ask for {least} {self.bar:.2f}{unit}"
        return f"{word}: {told}."


def matching(sparse: Given, dense: Given, *, rule: Rule = "std", margin: float = 0.0) -> Matching:
    """Whether the sparse runs' mean is within one std of the dense runs (``strict``: 0; ``margin``: so many units).

    Undecided unless at least three seeds are shared. Where lower is better, everything is turned round.
    """
    if rule not in RULES:
        raise RequestError(f"rule={rule!r} is no way to match; write one of {', '.join(RULES)}")
    ours, full = runs_of(sparse), runs_of(dense)
    if why := undecidable(ours, full, ("the sparse network", "the dense network")):
        return Matching("undecided", rule, seeds=ours.n, unit=ours.unit, better=ours.better, why=why)
    bar = full.mean - ours.sign * _allowed(full, rule, margin)
    reached = ours.sign * ours.mean >= ours.sign * bar
    return Matching("yes" if reached else "no", rule, ours.mean, bar, ours.n, ours.unit, ours.better)


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
