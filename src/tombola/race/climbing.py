"""Ladders raced against each other: stretches of training, each beginning where the last one of its ladder ended.

A rung that holds the margin is left for the next one, which has less; one that does not is trained on. After every
round half of the ladders stay. The nets are pruned little by little all the way, so no step of training is lost.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tombola.race.entrants import Entrant, Ladder
from tombola.race.finish import Finish
from tombola.race.rule import Standing, halved
from tombola.race.training import Start
from tombola.race.wanted import Target

TRIES: Final = 3
"""A rung that does not hold after so many stretches is given up, and its ladder with it."""


class Climb:
    """One ladder under way; ``rungs`` are those worth training. Where it begins decides nothing of other ladders."""

    def __init__(self, ladder: Ladder, begin: Start) -> None:
        self.label, self.rungs = ladder.label, ladder.rungs
        self._place = self._tries = 0
        self._begin = begin
        self._start: Start | None = self._first
        self.standing = Standing(None, 0.0)

    @property
    def rung(self) -> Entrant | None:
        """What is to be trained next; None at the end of the ladder, and where a rung was tried often enough."""
        return self.rungs[self._place] if self._place < len(self.rungs) and self._tries < TRIES else None

    @property
    def start(self) -> Start | None:
        """Where that begins; None: at the pretrained net that the rung names."""
        return self._start

    @property
    def left(self) -> Sequence[Entrant]:
        """Rungs that were not trained."""
        return self.rungs[self._place + (self._tries > 0) :]

    def took(self, accuracy: float, net: Start, held: float | None) -> None:
        """A stretch ended at ``net``; ``held`` is the cost of it where it holds the margin."""
        self._start = net
        if held is None:
            self._tries += 1
            self.standing = Standing(self.standing.cost, accuracy)
            return
        self.standing = Standing(held if self.standing.cost is None else min(held, self.standing.cost), accuracy)
        self._place, self._tries = self._place + 1, 0
        if self.rung is not None and self.rung.source is not None:
            self._start = None

    def failed(self) -> None:
        """The rung cannot be trained or run: the ladder ends here."""
        self._tries = TRIES

    @property
    def _first(self) -> Start | None:
        return self._begin if self.rungs[0].source is None else None


Stretch = Callable[[Climb, Entrant], bool]
"""Trains a climb's rung for a while; False where there is no time for it."""


def climbed(climbs: Sequence[Climb], stretch: Stretch) -> dict[str, str]:
    """Run them until none is left or the time is over; of those that fell out on the way, why, by their label."""
    fallen: dict[str, str] = {}
    standing: Mapping[str, Climb] = {one.label: one for one in climbs}
    while standing := {label: one for label, one in standing.items() if one.rung is not None}:
        for one in standing.values():
            if one.rung is not None and not stretch(one, one.rung):
                return fallen
        stay = halved({label: one.standing for label, one in standing.items()})
        fallen |= {label: _why(one, stay) for label, one in standing.items() if label not in stay}
        standing = {label: standing[label] for label in stay}
    return fallen


def _why(one: Climb, stay: Sequence[str]) -> str:
    return f"{one.standing.accuracy:.1f} % after a stretch of training; {', '.join(stay)} did better"


def cheapest(finishes: Sequence[Finish], target: Target, holding: Callable[[Finish], bool]) -> float | None:
    """The cost of the cheapest that holds; None where none does."""
    return min((one.cost(target) for one in finishes if holding(one)), default=None)
