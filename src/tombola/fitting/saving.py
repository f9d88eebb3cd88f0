"""When a training keeps a checkpoint, and that the first of several processes keeps it for all."""

import time
from collections.abc import Callable
from typing import Final, final

from tombola.fitting.checkpoints import Checkpoint, Checkpoints
from tombola.fitting.course import Course
from tombola.fitting.ranks import Ranks

_SECONDS: Final = 20.0
_TOGETHER: Final = 10
_SHARE: Final = 0.05


@final
class Saving:
    """At an epoch's end or after twenty seconds, taking at most about a twentieth of the time; and at the end."""

    def __init__(self, checkpoints: Checkpoints | None, course: Course, ranks: Ranks) -> None:
        self._checkpoints = checkpoints
        self._course = course
        self._ranks = ranks
        self._keeps = ranks.told(checkpoints is not None)
        self._saved = (time.monotonic(), 0.0)

    def latest(self) -> Checkpoint | None:
        """The newest whole checkpoint of this training, if any; the same in all processes."""
        return self._ranks.by_first(lambda: None if self._checkpoints is None else self._checkpoints.latest())

    def due(self, step: int) -> bool:
        """Whether to keep one after so many steps."""
        if not self._keeps:
            return False
        every = self._course.save_every
        if step == self._course.steps:
            return True
        if every:
            return step % every == 0
        ends = step % self._course.feed.per_epoch == 0
        if self._ranks.size > 1 and not ends and step % _TOGETHER:
            return False  # clocks differ: processes ask the first one's now and then
        return self._ranks.told(self._time_has_come(ends=ends))

    def save(self, made: Callable[[], Checkpoint]) -> None:
        """Keep one."""
        begun = time.monotonic()
        checkpoint = made()
        self._ranks.by_first(lambda: self._keep(checkpoint))
        self._saved = (time.monotonic(), time.monotonic() - begun)

    def remedy(self) -> str:
        """What is told of checkpoints where a training diverged."""
        return "" if self._checkpoints is None else "The last good checkpoint is kept. "

    def _time_has_come(self, *, ends: bool) -> bool:
        passed, cost = time.monotonic() - self._saved[0], self._saved[1]
        if passed < cost / _SHARE:
            return False
        return passed > _SECONDS or ends

    def _keep(self, checkpoint: Checkpoint) -> None:
        assert self._checkpoints is not None
        self._checkpoints.save(checkpoint)
