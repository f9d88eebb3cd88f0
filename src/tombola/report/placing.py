"""`placed`: where the names of points stand in a picture, so that they cover neither points nor each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

Point = tuple[float, float]
"""From the left and from the top."""
Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""

_GAP: Final = 8.0
_RISES: Final = (0.0, -1.0, 1.0, -2.0, 2.0, -3.0, 3.0, -4.0, 4.0, -5.0, 5.0, -6.0, 6.0)
"""Lines above or below its point, the nearest first."""


@dataclass(frozen=True)
class Placed:
    """A name's baseline, by its ``start``, ``middle`` or ``end``, and whether a line has to lead to its point."""

    x: float
    y: float
    anchor: str
    far: bool


def placed(
    points: Sequence[Point], wide: Sequence[float], line: float, frame: Box, bars: Sequence[Box]
) -> list[Placed]:
    """A place for each name, from the first to the last: beside, above or below its point, where it covers least.

    ``wide`` are the names' widths and ``line`` is their height, in the units of the picture. Another name counts more
    than a point, a point more than one of ``bars``; of places that cover the same the nearest is taken.
    """
    dots = [(x - _GAP / 2, y - _GAP / 2, x + _GAP / 2, y + _GAP / 2) for x, y in points]
    names: list[Box] = []
    found = []
    for (x, y), width in zip(points, wide, strict=True):
        tries = [one for one in _tries(x, y, line) if _within(_box(one, width, line), frame)] or _tries(x, y, line)
        boxes = [_box(one, width, line) for one in tries]
        covers = [100 * _touched(box, names) + 10 * _touched(box, dots) + _touched(box, bars) for box in boxes]
        best = covers.index(min(covers))
        names.append(boxes[best])
        found.append(tries[best])
    return found


def _tries(x: float, y: float, line: float) -> list[Placed]:
    return [
        Placed(across, y + 0.33 * line + rise * line, anchor, abs(rise) > 1)
        for rise in _RISES
        for across, anchor in ((x + _GAP, "start"), (x - _GAP, "end"), (x, "middle"))
        if rise or anchor != "middle"
    ]


def _box(one: Placed, wide: float, line: float) -> Box:
    left = one.x - {"start": 0.0, "middle": wide / 2, "end": wide}[one.anchor]
    return left, one.y - 0.8 * line, left + wide, one.y + 0.2 * line


def _within(one: Box, frame: Box) -> bool:
    return one[0] >= frame[0] and one[1] >= frame[1] and one[2] <= frame[2] and one[3] <= frame[3]


def _touched(one: Box, others: Sequence[Box]) -> int:
    return sum(one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3] for other in others)
