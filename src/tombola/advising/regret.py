"""What following advice would have cost on tasks it was not made from, beside always doing the same."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean
from typing import Final

from tombola.advising.nearest import BASES, Case, chosen, leads

ADVISED: Final = "nearest tasks"
ROBUST: Final = ("linf 1/255", "linf 2/255", "linf 0.5/255", "l2 0.25", "linf 0.1")
"""What "robust" is where several are measured: the first of these, an order laid down before the table was made."""
RIVALS: Final[Mapping[str, tuple[str, Sequence[str]]]] = {
    "prior": ("always robust", ROBUST),
    "scheme": ("always IMP-DS", ("IMP-DS",)),
}
"""What the papers would always do. Advice must beat this and the base; what else one might always do is told beside
them, and is not taken: the best of many is found after the fact."""


@dataclass(frozen=True)
class Regrets:
    """By policy, the mean points of accuracy below the best level measured: over tasks, each counting once."""

    axis: str
    by_policy: Mapping[str, float]
    tasks: int
    cases: int

    @property
    def best(self) -> str:
        """Of advice, the base and the rival the policy with the least; among equals what one does without advice."""
        rival = [RIVALS[self.axis][0]] if self.axis in RIVALS else []
        return min([f"always {BASES[self.axis]}", *rival, ADVISED], key=lambda policy: self.by_policy[policy])

    @property
    def advice_wins(self) -> bool:
        """Whether nearest tasks beat every way of always doing the same."""
        return self.best == ADVISED


def regrets(seen: Sequence[Case], axis: str) -> Regrets:
    """Each task left out in turn, all studies of it together; the rest advises what to do on it.

    Where a level was not measured, always taking it takes the base.
    """
    base = BASES[axis]
    levels = sorted({level for case in seen for level in case.accuracy} - {base})
    orders = {f"always {level}": (level,) for level in (base, *levels)} | dict([RIVALS[axis]] if axis in RIVALS else [])
    policies = {policy: partial(first, order, base) for policy, order in orders.items()}
    policies[ADVISED] = partial(advised, seen, axis)
    told = {policy: _mean(seen, take) for policy, take in policies.items()}
    return Regrets(axis, told, len({case.task for case in seen}), len(seen))


def first(order: Sequence[str], base: str, case: Case) -> str:
    """The first of these levels that was measured; the base where none was."""
    return next((level for level in order if level in case.accuracy), base)


def advised(seen: Sequence[Case], axis: str, case: Case) -> str:
    """What the other tasks advise for this one, among the levels that were measured on it."""
    others = [one for one in seen if one.task != case.task]
    expected = leads(others, axis, case.features, case.sparsity)
    measured = {level: lead for level, lead in expected.items() if level in case.accuracy}
    return chosen(measured, BASES[axis])


def _mean(seen: Sequence[Case], take: Callable[[Case], str]) -> float:
    found: dict[str, list[float]] = defaultdict(list)
    for case in seen:
        found[case.task].append(max(case.accuracy.values()) - case.accuracy[take(case)])
    return fmean(map(fmean, found.values()))
