"""Bits, eight a byte: packing, unpacking and counting them without ever holding all of them unfolded. No torch."""

import math
from collections.abc import Iterable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Bits: TypeAlias = NDArray[np.bool_]
Packed: TypeAlias = NDArray[np.uint8]
"""Eight bits a byte, the first one most significant, the last byte filled up with zeros."""


def unpacked(packed: Packed, start: int, stop: int) -> Bits:
    """The bits from ``start`` to before ``stop``."""
    first = start // 8
    bits = np.unpackbits(packed[first : -(-stop // 8)]).view(np.bool_)
    return bits[start - 8 * first : stop - 8 * first]


def packed(pieces: Iterable[Bits], total: int) -> Packed:
    """The bits of flat pieces, ``total`` together, one after the other."""
    found = np.zeros(math.ceil(total / 8), np.uint8)
    rest, at = np.zeros(0, np.bool_), 0
    for piece in pieces:
        bits = np.concatenate([rest, piece]) if rest.size else piece
        whole = bits.size // 8
        found[at : at + whole] = np.packbits(bits[: 8 * whole])
        rest, at = bits[8 * whole :].copy(), at + whole
    if rest.size:
        found[at] = np.packbits(rest)[0]
    return found


def constant(value: bool, total: int) -> Packed:
    """So many bits that are all the same."""
    found = np.full(math.ceil(total / 8), 255 if value else 0, np.uint8)
    if value and total % 8:
        found[-1] = 0xFF << (8 - total % 8) & 0xFF
    return found


def count(packed: Packed) -> int:
    """How many bits are set."""
    return sum(int(_ONES[packed[at : at + _CHUNK]].sum()) for at in range(0, packed.size, _CHUNK))


_CHUNK = 2**20
_ONES = np.array([byte.bit_count() for byte in range(256)], np.uint8)
