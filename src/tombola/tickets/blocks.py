"""Masks at the size of their groups: a mask constant on blocks is coded as one bit a block.

Rows, kernels, channels and stripes of output channels are all blocks aligned to multiples of their size along each
axis, so the sizes can be read off the mask: nothing needs to say which pattern made it.
"""

import numpy as np

from tombola.tickets.coding import Bits


def block_sizes(mask: Bits) -> tuple[int, ...]:
    """The largest block along each axis on which the mask is constant; all 1 for a mask without structure."""
    return tuple(_block_size(mask, axis) for axis in range(mask.ndim))


def shrink(mask: Bits, sizes: tuple[int, ...]) -> Bits:
    """One bit a block: the mask at the first corner of each."""
    return mask[tuple(slice(None, None, size) for size in sizes)]


def shrunk_shape(shape: tuple[int, ...], sizes: tuple[int, ...]) -> tuple[int, ...]:
    """How many blocks lie along each axis; the last one may be cut by the edge."""
    return tuple(-(-extent // size) for extent, size in zip(shape, sizes, strict=True))


def grow(bits: Bits, shape: tuple[int, ...], sizes: tuple[int, ...]) -> Bits:
    """The mask of ``shape`` that `shrink` gave ``bits`` of."""
    for axis, (extent, size) in enumerate(zip(shape, sizes, strict=True)):
        if size > 1:
            inside = (slice(None),) * axis + (slice(extent),)
            bits = np.repeat(bits, size, axis=axis)[inside]
    return np.ascontiguousarray(bits).reshape(shape)


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
