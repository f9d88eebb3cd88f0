"""A race's minutes shared out: what each piece takes is measured first, and what there is no time for is not begun."""

from dataclasses import dataclass, replace
from math import ceil
from typing import Final, Self

from tombola.errors import RequestError

LEAST: Final = 20
"""Steps: of fewer nothing is learned that a race could tell."""
TEACHER: Final = 4 / 3
"""What a step beside a teacher takes, of one without: one more pass forward."""
_DENSE: Final = 0.35
"""The part of what is left for training that the dense net gets: tickets begin where it ends, and learn from it."""
_USED: Final = 0.95
"""The part of the minutes that is planned: starting, reading the data and writing the files take the rest."""
_CALM: Final = 0.9
"""The part of the last seconds that steps are planned for."""
_TURNS: Final = 2
"""Stretches of training for every ladder that races, and as many again for the one that stays."""
_LAST: Final = 0.25
"""The part of what the dense net left that is kept for training on whoever wins: mostly it is the dense net itself."""


@dataclass(frozen=True)
class Budget:
    """Seconds, all of them.

    ``whole`` is what was asked for, ``step`` one of training the dense net, ``judged`` what judging it in every engine
    takes, ``one`` judging in one engine, ``looking`` timing one ladder of those that may race, ``closing`` the look at
    held-out samples and the files.
    """

    whole: float
    step: float
    judged: float
    one: float
    looking: float
    closing: float
    last: float = 0.0
    """What is kept for training on whoever wins."""
    more_steps: int = 0
    """Steps that the dense net can still learn from."""
    slower: float = 1.0
    """How many times as long being judged takes by now as it was expected to."""

    @property
    def _planned(self) -> float:
        return _USED * self.whole

    @property
    def _ending(self) -> float:
        """The end, never less than was planned of it: what was lucky once need not be so again."""
        return max(1.0, self.slower) * self.closing

    def with_dense(self, *, step: float, judged: float, closing: float) -> Self:
        """With what the dense net took in place of what was expected of it, and what is expected of others with it.

        ``closing`` is that of what will be judged there, now that it is known.
        """
        return replace(self, step=step, judged=judged, one=self.by(judged) * self.one, closing=closing)

    def by(self, judged: float) -> float:
        """How many times as long being judged took as was expected."""
        return judged / self.judged if self.judged else 1.0

    def after(self, *, step: float, judged: float) -> Self:
        """With what a stretch took, a step of it and being judged: the next will take as much."""
        by = judged / self.one if self.one else 1.0
        return replace(self, step=step / TEACHER, one=judged, slower=by * self.slower)

    def keeping(self, spent: float, steps: int) -> Self:
        """With a part of what is left kept for the winner; the dense net can use so many ``steps`` at most."""
        most = steps * self.step + self.judged if steps >= LEAST else 0.0
        last = min(most, _LAST * max(0.0, self._planned - spent - self._ending))
        return replace(self, last=last, more_steps=steps)

    def more(self, spent: float, most: int, *, step: float, judged: float) -> int:
        """Steps, at most so many, that the winner can be trained on and judged; 0 where they are too few to tell.

        Nothing that comes after could be left out, so that a machine which becomes busier must find some time left.
        """
        steps = min(most, int(_CALM * (self._planned - spent - judged - self._ending) / step))
        return steps if steps >= LEAST else 0

    def as_long(self, spent: float, behind: int, *, judged: float) -> int:
        """Steps of the dense net, which is so many behind what it is to meet; 0 where they are too few to tell.

        More than ``behind`` where the other can be trained on for as much more, and is ``judged`` in so many seconds.
        """
        both = self.more(spent, 10**9, step=self.step, judged=self.judged + judged) - behind
        further = int(both / (1 + TEACHER))
        if further >= LEAST:
            return behind + further
        return self.more(spent, behind, step=self.step, judged=self.judged)

    def allows(self, steps: int, spent: float, behind: int = 0) -> bool:
        """Whether a stretch of so many steps can still be made and judged.

        After it the dense net is so many steps ``behind``; whatever wins has to meet it trained for as long.
        """
        kept = max(self.last, self._catching_up(behind))
        return spent + TEACHER * self.step * steps + self.one + self._ending + kept <= self._planned

    def require(self, spent: float, least: int = LEAST) -> None:
        """Raise the `RequestError` of a budget in which no ticket can be trained beside the dense net."""
        training = least * self.step + LEAST * self.step * TEACHER
        needed = spent + training + self.judged + self.looking + self.one + self._ending
        if needed > self._planned:
            raise RequestError(
                f"--minutes {self.whole / 60:g}: too few to train anything. A step takes {self.step:.2g} s here;"
                f" {least} of the dense net, {LEAST} of one ticket, judging both and the files take about"
                f" {needed / 60:.1f} minutes in all; write --minutes {ceil(1.2 * needed / 60)} or more"
            )

    def dense_steps(self, spent: float, most: int, ladders: int) -> int:
        """Steps of the dense net, at most so many, where so many ladders are to be looked at."""
        left = self._planned - spent - self.judged - ladders * self.looking - self.one - self._ending
        return max(1, min(most, max(LEAST, int(_DENSE * left / self.step))))

    def stretch(self, spent: float, ladders: int, most: int) -> int:
        """Steps of one stretch of training, where so many ladders begin; 0 where there is time for none.

        After all of them the dense net can still learn for as long as the ladder that stays did at most.
        """
        left = self._planned - spent - self._ending
        for count in range(_TURNS * ladders + _TURNS, 0, -1):
            training, climbed = left - count * self.one, max(1, count - ladders + 1)
            whole = (training - self.last) / (count * TEACHER)
            caught_up = (training - self.judged) / (count * TEACHER + climbed)
            as_far_as_it_can = (training - self._catching_up(self.more_steps)) / (count * TEACHER)
            steps = int(min(whole, max(caught_up, as_far_as_it_can)) / self.step)
            if steps >= min(LEAST, most):
                return min(steps, most)
        return 0

    def _catching_up(self, behind: int) -> float:
        """Seconds in which the dense net, so many steps behind, learns what it still can of them, and is judged."""
        steps = min(behind, self.more_steps)
        return steps * self.step + self.judged if steps else 0.0
