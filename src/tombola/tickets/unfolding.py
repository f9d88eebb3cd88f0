"""Masks from their codes, at a bit a weight; of whatever form, little is unfolded at a time however large it is."""

import math
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

from tombola.errors import TicketError
from tombola.masks.bits import Bits, Packed, count, packed, unpacked
from tombola.tickets import blocks, coding
from tombola.tickets.forms import MOST_CHANNELS, Form, choices, per_row, powers


def packed_mask(form: Form, shape: tuple[int, ...], code: bytes | memoryview) -> Packed:
    """The mask of ``shape`` that `code_mask` gave this code of; raises `TicketError` for any other code.

    Beside the packed mask little is unfolded at a time, however large it is.
    """
    small_shape = blocks.shrunk_shape(shape, form.blocks)
    small = _small(form, small_shape, code)
    if count(small) != form.kept:
        raise TicketError(f"the decoded mask does not keep the declared {form.kept} of {math.prod(small_shape)}")
    if small_shape == shape:
        return small
    return packed(blocks.grown(small, shape, form.blocks), math.prod(shape))


def _small(form: Form, shape: tuple[int, ...], code: bytes | memoryview) -> Packed:
    if form.nm is not None:
        return _read_nm(code, shape, *form.nm)
    if form.alike is not None:
        return _read_alike(code, shape, *form.alike)
    return coding.decode(code, form.kept, math.prod(shape))


def _read_alike(code: bytes | memoryview, shape: tuple[int, ...], distinct: int, kept: int) -> Packed:
    channels, row = shape[0], per_row(shape)
    coding.check_numbers(len(code), channels, distinct, kept, distinct * row)
    coder = coding.coder_of(code)
    labels = coding.decode_numbers(coder, channels, distinct)
    rows = _by_row(coding.decode_bits(coder, kept, distinct * row), distinct, row)
    coding.check_end(coder)
    return packed(
        (
            np.unpackbits(rows[labels[part]], axis=1, count=row).view(np.bool_).reshape(-1)
            for part in _parts(channels, row)
        ),
        channels * row,
    )


def _by_row(bits: Packed, rows: int, row: int) -> Packed:
    """The same bits, each row beginning with a byte of its own."""
    found = np.empty((rows, -(-row // 8)), np.uint8)
    for part in _parts(rows, row):
        found[part] = np.packbits(unpacked(bits, part.start * row, part.stop * row).reshape(-1, row), axis=1)
    return found


def _read_nm(code: bytes | memoryview, shape: tuple[int, ...], n: int, m: int) -> Packed:
    channels, row = shape[0], per_row(shape)
    coding.check_numbers(len(code), channels * row // m, math.comb(m, n))
    coder = coding.coder_of(code)
    found = packed(
        (_next_nm(coder, (p.stop - p.start, *shape[1:]), n, m) for p in _parts(channels, row)), channels * row
    )
    coding.check_end(coder)
    return found


def _next_nm(coder: Any, shape: tuple[int, ...], n: int, m: int) -> Bits:
    numbers = coding.decode_numbers(coder, math.prod(shape) // m, math.comb(m, n))
    inputs_last: Bits = _choice_bits(n, m)[numbers].reshape(shape[0], *shape[2:], shape[1])
    bits: Bits = np.ascontiguousarray(np.moveaxis(inputs_last, -1, 1)).reshape(-1)
    return bits


def _parts(channels: int, row: int) -> Iterator[slice]:
    """The channels in order, as many at once as may be unfolded."""
    step = max(1, MOST_CHANNELS // max(row, 1))
    for start in range(0, channels, step):
        yield slice(start, min(start + step, channels))


@cache
def _choice_bits(n: int, m: int) -> Bits:
    """Every choice of n of m places, as bits."""
    found: Bits = (choices(n, m)[:, None] & powers(m)) != 0
    return found
