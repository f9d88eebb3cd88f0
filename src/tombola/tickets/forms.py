"""The forms a mask is coded in, and the choice of the smallest.

First the mask shrinks to one bit a block (`tombola.tickets.blocks`). What is left is coded in one of three forms:

- plain: the bits;
- alike: output channels with equal masks, wherever they stand: each distinct mask once, and for every channel which;
- nm: exactly n of every m consecutive inputs: for every m of them, which of the possible choices.

All of it is read off the mask; nothing needs to say which pattern made it. `tombola.tickets.unfolding` reads them back.
"""

import math
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np

from tombola.errors import TicketError
from tombola.masks.bits import Bits
from tombola.tickets import blocks, coding
from tombola.tickets.coding import Numbers
from tombola.tickets.summary import entropy_bytes

MOST_ALIKE = 2**12
MOST_M = 16
MOST_CHANNELS = 2**20
"""Output channels, and weights of one: a mask with more is coded plainly. So many weights are unfolded at once."""
MOST_BLOCKS = 2**26
"""Blocks of a mask, and weights of its distinct channels together: more are coded weight by weight."""
_WORTH = 16
"""Bytes that a form must save over the plain one: what saying so in the table costs, and older readers."""


@dataclass(frozen=True)
class Form:
    """How a mask is coded.

    ``blocks`` along each axis and how many are ``kept``; then at most one of ``alike`` (how many distinct channel
    masks, and how many blocks these keep) and ``nm`` (n and m).
    """

    blocks: tuple[int, ...]
    kept: int
    alike: tuple[int, int] | None = None
    nm: tuple[int, int] | None = None


def code_mask(mask: Bits) -> tuple[Form, bytes]:
    """The smallest form of a mask, and its code: empty when all or nothing is kept."""
    sizes = blocks.block_sizes(mask)
    if math.prod(blocks.shrunk_shape(mask.shape, sizes)) > MOST_BLOCKS:
        sizes = (1,) * mask.ndim
    small = blocks.shrink(mask, sizes)
    kept = int(np.count_nonzero(small))
    if kept in (0, small.size):
        return Form((1,) * mask.ndim, int(np.count_nonzero(mask))), b""
    plain = entropy_bytes(kept, small.size) - _WORTH
    if not _fits_channels(small.shape):
        return Form(sizes, kept), coding.encode(small.reshape(-1))
    if (nm := _nm(small)) and _nm_bytes(small.size, *nm) < plain:
        return Form(sizes, kept, nm=nm), coding.encode_numbers(_chosen(small, *nm), math.comb(nm[1], nm[0]))
    labels, rows = _alike(small)
    if 2 <= len(rows) <= min(len(small) - 1, MOST_ALIKE) and rows.size <= MOST_BLOCKS:
        kept_rows = int(np.count_nonzero(rows))
        if len(small) * math.log2(len(rows)) / 8 + entropy_bytes(kept_rows, rows.size) < plain:
            code = coding.encode_numbers(labels, len(rows), rows.reshape(-1))
            return Form(sizes, kept, alike=(len(rows), kept_rows)), code
    return Form(sizes, kept), coding.encode(small.reshape(-1))


def check_form(form: Form, shape: tuple[int, ...], what: str) -> None:
    """Raises `TicketError` unless a mask of ``shape`` can have this form."""
    small = blocks.shrunk_shape(shape, form.blocks)
    if small != shape and math.prod(small) > MOST_BLOCKS:
        raise TicketError(f"{what}: {math.prod(small):,} blocks; a mask has at most {MOST_BLOCKS:,} of several weights")
    if form.alike is not None:
        distinct, kept = form.alike
        if (
            not _fits_channels(small)
            or not 2 <= distinct <= min(small[0] - 1, MOST_ALIKE)
            or not 0 < kept < distinct * per_row(small) <= MOST_BLOCKS
        ):
            raise TicketError(f"{what}: alike={list(form.alike)} does not fit {list(shape)}")
    if form.nm is not None:
        n, m = form.nm
        if (
            not 0 < n < m <= MOST_M
            or len(small) < 2
            or not _fits_channels(small)
            or small[1] % m
            or form.kept * m != n * math.prod(small)
        ):
            raise TicketError(f"{what}: nm={list(form.nm)} does not fit {list(shape)}")


def _fits_channels(shape: tuple[int, ...]) -> bool:
    """Whether a mask has output channels, few and small enough that some of them may be unfolded at once."""
    return len(shape) > 0 and shape[0] <= MOST_CHANNELS and per_row(shape) <= MOST_CHANNELS


def per_row(shape: tuple[int, ...]) -> int:
    """How many weights an output channel has."""
    return math.prod(shape[1:])


def _alike(mask: Bits) -> tuple[Numbers, Bits]:
    """For each output channel the number of its mask, and the distinct masks in the order they appear."""
    if mask.ndim == 0:
        return np.zeros(0, np.int32), mask.reshape(0)
    seen: dict[bytes, int] = {}
    packed = np.packbits(mask.reshape(len(mask), -1), axis=1)
    labels = np.array([seen.setdefault(row.tobytes(), len(seen)) for row in packed], np.int32)
    _, first = np.unique(labels, return_index=True)
    return labels, mask[first]


def _nm(mask: Bits) -> tuple[int, int] | None:
    """The smallest m of which every m consecutive inputs keep the same number, and that number."""
    if mask.ndim < 2:
        return None
    inputs, kept = mask.shape[1], int(np.count_nonzero(mask))
    for m in range(2, min(MOST_M, inputs) + 1):
        n, odd = divmod(kept * m, mask.size)
        if inputs % m or odd or not 0 < n < m:
            continue
        if all((_groups(part, m).sum(axis=1) == n).all() for part in (mask[:1], mask)):  # one channel mostly decides
            return n, m
    return None


def _groups(mask: Bits, m: int) -> Bits:
    """One row for every m consecutive inputs, in the order of the mask with its inputs last."""
    return np.moveaxis(mask, 1, -1).reshape(-1, m)


def _nm_bytes(total: int, n: int, m: int) -> float:
    return total / m * math.log2(math.comb(m, n)) / 8


def _chosen(mask: Bits, n: int, m: int) -> Numbers:
    """For every m inputs the number of their choice, the choices in lexicographic order of the kept places."""
    return _numbering(n, m)[_groups(mask, m) @ powers(m)]


@cache  # n < m <= 16, so there are few
def choices(n: int, m: int) -> Numbers:
    """Every choice of n of m places, as a sum of powers of two."""
    return np.array([sum(1 << place for place in places) for places in combinations(range(m), n)], np.int32)


@cache
def _numbering(n: int, m: int) -> Numbers:
    """The number of each choice by its sum of powers of two; -1 where not n are kept."""
    found = np.full(2**m, -1, np.int32)
    found[choices(n, m)] = np.arange(math.comb(m, n), dtype=np.int32)
    return found


def powers(m: int) -> Numbers:
    """What a kept place adds to the sum that stands for a choice."""
    return np.left_shift(1, np.arange(m, dtype=np.int32), dtype=np.int32)
