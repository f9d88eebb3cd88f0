"""What a race judges: an engine's time and bytes, and a net in it after its training with its accuracy."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from tombola.race.wanted import Target


@dataclass(frozen=True)
class Timed:
    """What is known of an engine before anything is trained: milliseconds a run, and bytes of its files."""

    engine: str
    ms: float
    bytes: int

    def cost(self, target: Target) -> float:
        """What is to be small; of both, what halves one counts as what halves the other."""
        return {"latency": self.ms, "size": float(self.bytes), "both": sqrt(self.ms * self.bytes)}[target]


@dataclass(frozen=True)
class Finish(Timed):
    """An entrant in one engine after its training; accuracy in per cent of ``samples``, ``outcomes`` as in rows."""

    entrant: str
    arithmetic: str
    accuracy: float
    samples: int
    outcomes: str = ""
    pruned: bool = False


def same(one: Finish, others: Sequence[Finish]) -> Finish:
    """The same net in the same engine among others."""
    return next(other for other in others if (other.entrant, other.engine) == (one.entrant, one.engine))
