"""`Part`: which part of a schedule one training covers. The levels of a ladder are parts of one schedule, or whole."""

from dataclasses import dataclass
from typing import Final

from tombola.spec import Json
from tombola.units import Steps

_START: Final = Steps(0, "it")


@dataclass(frozen=True)
class Part:
    """The part of a schedule that one training covers: from ``begin`` to ``end`` (None: the fit's whole length).

    With ``rounds`` the schedule is so many fits long, and this is its ``round`` (from 0): the data's order and the
    learning rate go on from one round to the next.
    """

    begin: Steps = _START
    end: Steps | None = None
    round: int = 0
    rounds: int = 1

    def steps(self, length: int, per_epoch: int) -> tuple[int, int, int]:
        """The first step, the step after the last, and how many the schedule has, for a fit of ``length`` steps."""
        before = self.round * length
        last = length if self.end is None else min(length, self.end.iterations(per_epoch))
        return before + min(self.begin.iterations(per_epoch), last), before + last, length * self.rounds

    def identity(self) -> dict[str, Json]:
        """What the outcome depends on."""
        end = None if self.end is None else str(self.end)
        return {"begin": str(self.begin), "end": end, "round": self.round, "rounds": self.rounds}


WHOLE: Final = Part()
