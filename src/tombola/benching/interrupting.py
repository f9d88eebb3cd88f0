"""What other processes took from a run: whether the system gave a core of this one away, and for how long."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

LOST: Final = 0.02
"""A run that waited for a core longer than this part of its time was interrupted.

A long run on every core is seldom left alone by the system's own work; some microseconds of it change no median.
"""


def preemptions() -> int:
    """How often the system took a core away from this process for another one."""
    try:
        import resource
    except ImportError:  # Windows does not say
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw


def waited(tasks: Path = Path("/proc/self/task")) -> float | None:
    """Seconds that the threads of this process could have run but had no core; None where the system does not say."""
    try:
        return sum(int((task / "schedstat").read_text().split()[1]) for task in tasks.iterdir()) / 1e9
    except (OSError, IndexError, ValueError):  # Linux alone says, and not every one
        return None


class Watch:
    """From its making on, what was taken from this process."""

    def __init__(
        self, preempted: Callable[[], int] = preemptions, waiting: Callable[[], float | None] = waited
    ) -> None:
        self._preempted, self._waiting = preempted, waiting
        self._waited, self._count = waiting(), preempted()

    def interrupted(self, seconds: float) -> bool:
        """Whether a run of so many seconds was: by how long it waited where the system says, else by any preemption."""
        if self._preempted() == self._count:
            return False
        now = self._waiting()
        return now is None or self._waited is None or now - self._waited > LOST * seconds
