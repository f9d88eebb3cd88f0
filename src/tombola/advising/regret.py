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
    """By policy and task, the mean points of accuracy below the best level measured."""

    axis: str
    by_task: Mapping[str, Mapping[str, float]]
    cases: int

    @property
    def by_policy(self) -> dict[str, float]:
        """The mean over tasks, each counting once."""
        return {policy: fmean(points.values()) for policy, points in self.by_task.items()}

    @property
    def tasks(self) -> int:
        """How many that mean is over."""
        return max(map(len, self.by_task.values()), default=0)

    def beside_base(self, policy: str) -> list[float]:
        """Points that a policy costs more than always taking the base, a task each."""
        base = self.by_task[f"always {BASES[self.axis]}"]
        return [points - base[task] for task, points in self.by_task[policy].items()]

    @property
    def best(self) -> str:
        """Of advice, the base and the rival the policy with the least; among equals what one does without advice."""
        return min([*self.rivals, ADVISED], key=lambda policy: self.by_policy[policy])

    @property
    def rivals(self) -> list[str]:
        """What advice must beat: the base, and what the papers would always do."""
        return [f"always {BASES[self.axis]}", *([RIVALS[self.axis][0]] if self.axis in RIVALS else [])]

    @property
    def advice_wins(self) -> bool:
        """Whether nearest tasks beat both rivals."""
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
    return Regrets(axis, {policy: _by_task(seen, take) for policy, take in policies.items()}, len(seen))


def first(order: Sequence[str], base: str, *cases: Case) -> str:
    """The first of these levels that was measured in one of the cases; the base where none was."""
    return next((level for level in order if any(level in case.accuracy for case in cases)), base)


def advised(seen: Sequence[Case], axis: str, case: Case) -> str:
    """What the other tasks advise for this one, among the levels that were measured on it."""
    others = [one for one in seen if one.task != case.task]
    expected = leads(others, axis, case.features, case.sparsity)
    measured = {level: lead for level, lead in expected.items() if level in case.accuracy}
    return chosen(measured, BASES[axis])


def _by_task(seen: Sequence[Case], take: Callable[[Case], str]) -> dict[str, float]:
    found: dict[str, list[float]] = defaultdict(list)
    for case in seen:
        found[case.task].append(max(case.accuracy.values()) - case.accuracy[take(case)])
    return {task: fmean(points) for task, points in found.items()}
