"""`Moved`: an order of values as sizes and distances in memory, as `c/tokens.h` walks them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import gcd, prod
from typing import Final, TypeAlias

from tombola.errors import ModelError
from tombola.graphs.ops import OfTokens
from tombola.graphs.tokens import Move
from tombola.graphs.views import Axis, Side, in_order
from tombola.native.layout import Layout

MOST: Final = 8
"""Loops that C has for one move."""

Walk: TypeAlias = list[tuple[int, int]]


@dataclass(frozen=True, eq=False)
class Moved(OfTokens):
    """Loops of ``sizes``, the outermost first, and how far one step of each goes in what is read and written.

    ``start`` and ``to`` are where both begin. ``clears``: whether what is no pixel of the output is made zero.
    """

    sizes: tuple[int, ...]
    reads: tuple[int, ...]
    writes: tuple[int, ...]
    start: int
    to: int
    clears: bool = True


def moved(op: Move, inp: Layout, out: Layout) -> Moved:
    """The loops of a move between maps that lie so."""
    channel, pixel = op.first
    ends = _row_major(op.channels, "channels"), _row_major(op.pixels, "pixels")
    given = [*op.channels, *op.pixels]
    walks = [(_walk(axis, inp), _walk(end, out)) for axis, end in zip(given, [*ends[0], *ends[1]], strict=True)]
    sizes, reads, writes = _together(walks)
    start = inp.position(channel, pixel // inp.width, pixel % inp.width)
    return Moved(sizes, reads, writes, start, out.position(0, 0, 0))


def joined(inp: Layout, out: Layout, before: int) -> Moved:
    """The pixels of a map behind ``before`` others of a larger one."""
    channels = ([(inp.channels, inp.plane)], [(out.channels, out.plane)])
    pixels = Axis(inp.height * inp.width, "pixels", 1)
    sizes, reads, writes = _together([channels, (_walk(pixels, inp), _walk(pixels, out))])
    to = out.position(0, before // out.width, before % out.width)
    return Moved(sizes, reads, writes, inp.position(0, 0, 0), to, clears=before == 0)


def lies_so(op: Move, inp: Layout, out: Layout) -> bool:
    """Whether the values lie in their new order already."""
    if op.first != (0, 0) or (inp.plane, inp.origin) != (out.plane, out.origin) or inp.channels != out.channels:
        return False
    flat = inp.row == inp.width and out.row == out.width
    ends = in_order(inp.channels, "channels"), in_order(inp.height * inp.width, "pixels")
    return flat and (op.channels, op.pixels) == ends


def _row_major(axes: Sequence[Axis], of: Side) -> list[Axis]:
    """The output's own axes: each behind the ones that are further in."""
    sizes = [axis.size for axis in axes]
    return [Axis(size, of, prod(sizes[place + 1 :])) for place, size in enumerate(sizes)]


def _walk(axis: Axis, layout: Layout) -> Walk:
    """Sizes and distances in floats of an axis; of one that runs over the ends of rows, two."""
    if axis.of == "channels":
        return [(axis.size, axis.step * layout.plane)]
    if layout.row == layout.width or axis.step * axis.size <= layout.width:
        return [(axis.size, axis.step)]
    if axis.step % layout.width == 0:
        return [(axis.size, axis.step // layout.width * layout.row)]
    if layout.width % axis.step:
        raise ModelError(f"values in steps of {axis.step} over rows of {layout.width} cannot be moved")
    inner = layout.width // axis.step
    return [(axis.size // inner, layout.row), (inner, axis.step)]


def _together(walks: Sequence[tuple[Walk, Walk]]) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Both sides in loops of the same sizes."""
    loops = [loop for pair in walks for loop in _paired(*pair) if loop[0] > 1] or [(1, 0, 0)]
    if len(loops) > MOST:
        raise ModelError(f"values in an order of {len(loops)} loops cannot be moved; {MOST} are the most")
    sizes, reads, writes = zip(*loops, strict=True)
    return sizes, reads, writes


def _paired(first: Walk, second: Walk) -> Iterator[tuple[int, int, int]]:
    """Loops (size, distance, distance) that walk both, from the innermost on, given outermost first."""
    found: list[tuple[int, int, int]] = []
    ours, theirs = list(first), list(second)
    while ours and theirs:
        (a, from_), (b, to) = ours.pop(), theirs.pop()
        both = gcd(a, b)
        if both not in (a, b):
            raise ModelError("values that lie across each other cannot be moved")
        found.append((both, from_, to))
        if a > both:
            ours.append((a // both, from_ * both))
        if b > both:
            theirs.append((b // both, to * both))
    return reversed(found)
