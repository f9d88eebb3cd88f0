"""Masks at the size of their groups: a mask constant on blocks is coded as one bit a block.

Rows, kernels, channels and stripes of output channels are all blocks aligned to multiples of their size along each
axis, so the sizes can be read off the mask: nothing needs to say which pattern made it.
"""

import math
from collections.abc import Iterator

import numpy as np

from tombola.masks.bits import Bits, Packed, unpacked

MOST_AT_ONCE = 2**20


def block_sizes(mask: Bits) -> tuple[int, ...]:
    """The largest block along each axis on which the mask is constant; all 1 for a mask without structure."""
    return tuple(_block_size(mask, axis) for axis in range(mask.ndim))


def shrink(mask: Bits, sizes: tuple[int, ...]) -> Bits:
    """One bit a block: the mask at the first corner of each."""
    return mask[tuple(slice(None, None, size) for size in sizes)]


def shrunk_shape(shape: tuple[int, ...], sizes: tuple[int, ...]) -> tuple[int, ...]:
    """How many blocks lie along each axis; the last one may be cut by the edge."""
    return tuple(-(-extent // size) for extent, size in zip(shape, sizes, strict=True))


def grown(bits: Packed, shape: tuple[int, ...], sizes: tuple[int, ...]) -> Iterator[Bits]:
    """The mask of ``shape`` that `shrink` gave these bits of, flat, in pieces of at most `MOST_AT_ONCE` weights."""
    return _grown(bits, 0, shape, sizes)


def _grown(bits: Packed, offset: int, shape: tuple[int, ...], sizes: tuple[int, ...]) -> Iterator[Bits]:
    """The same of a part, whose first block is bit ``offset``."""
    if not shape:
        yield unpacked(bits, offset, offset + 1)
        return
    per_row, per_small_row = math.prod(shape[1:]), math.prod(shrunk_shape(shape[1:], sizes[1:]))
    if per_row > MOST_AT_ONCE:
        for row in range(shape[0]):
            yield from _grown(bits, offset + row // sizes[0] * per_small_row, shape[1:], sizes[1:])
        return
    step = MOST_AT_ONCE // max(per_row, 1)
    for start in range(0, shape[0], step):
        of = np.arange(start, min(start + step, shape[0])) // sizes[0]  # the row of blocks that each row lies in
        first, last = int(of[0]), int(of[-1]) + 1
        part = unpacked(bits, offset + first * per_small_row, offset + last * per_small_row)
        rows = part.reshape(last - first, *shrunk_shape(shape[1:], sizes[1:]))[of - first]
        yield _repeated(rows, shape[1:], sizes[1:])


def _repeated(rows: Bits, shape: tuple[int, ...], sizes: tuple[int, ...]) -> Bits:
    for axis, (extent, size) in enumerate(zip(shape, sizes, strict=True), 1):
        if size > 1:
            inside = (slice(None),) * axis + (slice(extent),)
            rows = np.repeat(rows, size, axis=axis)[inside]
    return np.ascontiguousarray(rows).reshape(-1)


def _block_size(mask: Bits, axis: int) -> int:
    extent = mask.shape[axis]
    if mask.size == 0 or extent == 1:
        return 1
    lines = np.moveaxis(mask, axis, 0)
    if (lines[0] != lines[1]).any():  # the usual end for a mask without structure, before looking at all of it
        return 1
    others = tuple(range(1, mask.ndim))
    changes = np.flatnonzero((lines[1:] != lines[:-1]).any(axis=others)) + 1
    return int(np.gcd.reduce(changes)) if changes.size else extent
