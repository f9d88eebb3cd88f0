"""`arrange`: offsets for things of known size and lifetime, so that what never lives together may share memory."""

from collections.abc import Sequence
from dataclasses import dataclass

ALIGNED = 16
"""Floats: offsets are multiples of a cache line, the widest vector."""


@dataclass(frozen=True)
class Life:
    """So many floats, needed from step ``first`` to step ``last``, both included."""

    floats: int
    first: int
    last: int

    def meets(self, other: "Life") -> bool:
        """Whether there is a step that needs both."""
        return self.first <= other.last and other.first <= self.last


def arrange(lives: Sequence[Life]) -> tuple[tuple[int, ...], int]:
    """One offset each, in order, and the floats needed in all. The largest is placed first, each as low as it fits."""
    offsets: dict[int, int] = {}
    for index in sorted(range(len(lives)), key=lambda index: (-lives[index].floats, index)):
        beside = sorted(
            (offsets[other], aligned(lives[other].floats)) for other in offsets if lives[other].meets(lives[index])
        )
        offsets[index] = _lowest(beside, lives[index].floats)
    total = max((offsets[index] + aligned(life.floats) for index, life in enumerate(lives)), default=0)
    return tuple(offsets[index] for index in range(len(lives))), total


def aligned(floats: int) -> int:
    """The next multiple of `ALIGNED`."""
    return -(-floats // ALIGNED) * ALIGNED


def _lowest(taken: list[tuple[int, int]], floats: int) -> int:
    """The first gap between the ``taken`` pieces, sorted by offset, that so many floats fit into."""
    free = 0
    for offset, size in taken:
        if offset - free >= floats:
            break
        free = max(free, offset + size)
    return free
