"""`Memory`: where a program's buffers lie in the arena."""

from dataclasses import dataclass

from tombola.native.arena import Life, arrange
from tombola.native.program import Place, Program


@dataclass(frozen=True)
class Memory:
    """Where every buffer begins: in an image's slot, or from ``slot`` on in its vectors of the tail."""

    offsets: tuple[int, ...]
    slot: int
    tail: int

    @classmethod
    def of(cls, program: Program) -> "Memory":
        """What never lives together shares memory; the tail's vectors are apart, as there is one set an image."""
        buffers = range(len(program.sizes))
        in_tail = [program.in_tail(buffer) for buffer in buffers]
        lives = [Life(program.sizes[buffer], *program.lives(buffer)) for buffer in buffers]
        found: dict[bool, tuple[tuple[int, ...], int]] = {
            which: arrange([life for life, tail in zip(lives, in_tail, strict=True) if tail is which])
            for which in (False, True)
        }
        slot, tail = max(found[False][1], 16), found[True][1]
        left = {False: iter(found[False][0]), True: iter(slot + offset for offset in found[True][0])}
        return cls(tuple(next(left[which]) for which in in_tail), slot, tail)

    def at(self, place: Place) -> int:
        """The number that C knows a place by."""
        return self.offsets[place.buffer] + place.offset
