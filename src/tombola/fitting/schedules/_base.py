"""The contract of a schedule: the learning rate's factor at every step."""

from abc import abstractmethod
from typing import ClassVar

from tombola.registry import Family, Member


class Schedule(Member):
    """A pure function of the step, so a resumed run needs no state of it."""

    family: ClassVar[Family] = Family("schedules", "tombola.fitting.schedules")

    @abstractmethod
    def factor(self, step: int, total: int, per_epoch: int) -> float:
        """What the base learning rate is multiplied with at ``step`` of ``total``."""
