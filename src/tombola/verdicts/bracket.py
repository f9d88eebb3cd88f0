"""The largest sparsity that matches, with its bracket: the next sparsity measured, which does not."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Protocol

from tombola.verdicts.matching import Matching, Rule, matching
from tombola.verdicts.runs import Given, Outcome


class Verdict(Protocol):
    """What has an outcome, and says why it is no yes: a `Matching` or a `DoubleWin`."""

    @property
    def outcome(self) -> Outcome: ...

    @property
    def text(self) -> str: ...

    @property
    def why(self) -> str: ...


@dataclass(frozen=True)
class Bracket:
    """``up_to``: every smaller sparsity measured matches too. ``then``: the next one measured, and what became of it.

    ``up_to`` is None where nothing is decided; it is the dense network's where no sparser one matches.
    ``anywhere`` is the largest sparsity that matches at all: larger than ``up_to`` where the curve comes back.
    ``by_means`` is ``up_to`` by the means alone, as the papers count.
    """

    dense: float
    up_to: float | None
    then: float | None
    then_outcome: Outcome | None
    anywhere: float | None
    why: str = ""
    by_means: float | None = None

    @property
    def outcome(self) -> Outcome:
        """Whether some sparsity beyond the dense network's matches."""
        if self.up_to is None:
            return "undecided"
        if self.up_to > self.dense or self.anywhere not in (None, self.dense):
            return "yes"
        return "undecided" if self.then_outcome == "undecided" else "no"

    @property
    def text(self) -> str:
        """The verdict in one sentence."""
        if self.up_to is None:
            return f"Undecided: {self.why}."
        none = self.up_to == self.dense
        head = f"No sparsity matches {_percent(self.dense)}" if none else f"Matches up to {_percent(self.up_to)}"
        if self.then is None:
            tail = ", the sparsest measured"
        elif self.then_outcome == "undecided":
            tail = f"; {_percent(self.then)} is undecided ({self.why})"
        else:
            tail = f"; {_percent(self.then)} falls short"
        again = f", {_percent(self.anywhere)} matches again" if self.anywhere not in (None, self.up_to) else ""
        head = (
            f"Nothing is shown to match {_percent(self.dense)}" if none and self.then_outcome == "undecided" else head
        )
        return f"{head}{tail}{again}."


def bracket(verdicts: Mapping[float, Verdict], *, dense: float = 0.0) -> Bracket:
    """The bracket of verdicts by sparsity; levels at or below the dense one are not looked at."""
    sparser = {sparsity: verdicts[sparsity] for sparsity in sorted(verdicts) if sparsity > dense}
    if not sparser:
        return Bracket(dense, None, None, None, None, f"nothing sparser than {_percent(dense)} was measured")
    yes = [sparsity for sparsity, verdict in sparser.items() if verdict.outcome == "yes"]
    if all(verdict.outcome == "undecided" for verdict in sparser.values()):
        return Bracket(dense, None, None, None, None, next(iter(sparser.values())).why)
    then = next((sparsity for sparsity, verdict in sparser.items() if verdict.outcome != "yes"), None)
    up_to = max((sparsity for sparsity in yes if then is None or sparsity < then), default=dense)
    stopped = sparser[then] if then is not None else None
    why = stopped.why if stopped is not None and stopped.outcome == "undecided" else ""
    return Bracket(dense, up_to, then, None if stopped is None else stopped.outcome, max(yes, default=None), why)


def largest_matching(
    levels: Mapping[float, Given], *, dense: float = 0.0, rule: Rule = "std", margin: float = 0.0
) -> Bracket:
    """The bracket of the runs by sparsity, each against those of the sparsity ``dense``."""
    if dense not in levels:
        return Bracket(
            dense, None, None, None, None, f"there is no dense run, nothing was measured at {_percent(dense)}"
        )
    found = {s: matching(runs, levels[dense], rule=rule, margin=margin) for s, runs in levels.items()}
    return replace(bracket(found, dense=dense), by_means=_by_means(found, dense))


def _by_means(found: Mapping[float, Matching], dense: float) -> float | None:
    """The largest sparsity up to which the means alone reach their bars; None where there are no means."""
    sparser = [sparsity for sparsity in sorted(found) if sparsity > dense]
    if not sparser or found[sparser[0]].by_means == "undecided":
        return None
    return max(takewhile(lambda sparsity: found[sparsity].by_means == "yes", sparser), default=dense)


def _percent(sparsity: float) -> str:
    return f"{round(100 * sparsity, 4):g} %"
