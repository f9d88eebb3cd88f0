"""Engines take turns, so that what disturbs the machine disturbs all of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from tombola.benching.numbers import Run


class Timed(Protocol):
    """What can be timed: a worker."""

    def time(self, seconds: float, most: int) -> list[Run]:
        """Single runs for so many seconds, at most so many."""


@dataclass(frozen=True)
class Plan:
    """How long each engine is timed: ``runs``, or ``seconds`` where that is None; in turns of ``turn`` seconds.

    With ``again`` runs that another process interrupted do not count, until as many were made `PATIENCE` times.
    """

    seconds: float = 3.0
    runs: int | None = None
    warmup: int = 5
    turn: float = 0.2
    again: bool = False

    def share(self, runs: Sequence[Run]) -> float:
        """Which part of what is wanted has been done; 1 or more is enough."""
        counted = [run for run in runs if not (self.again and run.interrupted)]
        return max(self._share(counted), self._share(runs) / PATIENCE)

    def left(self, runs: Sequence[Run]) -> int | None:
        """How many runs are missing at most; None where time counts."""
        return None if self.runs is None else max(0, self.runs - len(runs)) or 1

    def _share(self, runs: Sequence[Run]) -> float:
        if self.runs is not None:
            return len(runs) / self.runs
        return sum(run.seconds for run in runs) / self.seconds


PATIENCE: Final = 4

_NO_LIMIT: Final = 1_000_000


def take_turns(
    engines: Mapping[str, Timed], plan: Plan, told: Callable[[float], None] = lambda _: None
) -> dict[str, list[Run]]:
    """The runs of every engine, by its name: each in turn, until all have had enough.

    The first of a round is another one each time. ``told`` hears which part of the whole is done.
    """
    found: dict[str, list[Run]] = {name: [] for name in engines}
    names = list(engines)
    while waiting := [name for name in names if plan.share(found[name]) < 1]:
        for name in waiting:
            found[name] += engines[name].time(plan.turn, plan.left(found[name]) or _NO_LIMIT)
            told(sum(min(1.0, plan.share(runs)) for runs in found.values()) / len(names))
        names = [*names[1:], names[0]]
    return found
