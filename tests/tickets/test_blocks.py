"""Blocks: the sizes are read off the mask, and shrinking is undone exactly."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tombola.masks.bits import Bits, packed, unpacked
from tombola.tickets.blocks import block_sizes, grown, shrink, shrunk_shape


def _grid(*shape: int) -> Bits:
    return np.random.default_rng(0).random(shape) < 0.5


def grow(small: Bits, shape: tuple[int, ...], sizes: tuple[int, ...]) -> Bits:
    """The mask whose blocks these are."""
    pieces = grown(np.packbits(small), shape, sizes)
    total = int(np.prod(shape))
    return unpacked(packed(pieces, total), 0, total).reshape(shape)


@pytest.mark.parametrize(
    ("coarse", "sizes"),
    [
        ((16, 8, 3, 3), (1, 1, 1, 1)),
        ((16, 8, 3, 1), (1, 1, 1, 3)),
        ((16, 8, 1, 1), (1, 1, 3, 3)),
        ((16, 1, 1, 1), (1, 8, 3, 3)),
        ((4, 8, 3, 3), (4, 1, 1, 1)),
    ],
    ids=["element", "row", "kernel", "channel", "stripe:4"],
)
def test_patterns_are_found(coarse: tuple[int, ...], sizes: tuple[int, ...]) -> None:
    mask = grow(_grid(*coarse), (16, 8, 3, 3), sizes)
    assert block_sizes(mask) == sizes
    assert shrink(mask, sizes).shape == coarse


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(1, 4)), max_size=4), st.integers(0, 99))
def test_shrinking_is_undone(axes: list[tuple[int, int]], seed: int) -> None:
    shape = tuple(extent for extent, _ in axes)
    blocks = tuple(min(size, max(extent, 1)) for extent, size in axes)
    coarse = np.random.default_rng(seed).random(shrunk_shape(shape, blocks)) < 0.5
    mask = grow(np.asarray(coarse), shape, blocks)
    assert mask.shape == shape
    sizes = block_sizes(mask)
    np.testing.assert_array_equal(grow(shrink(mask, sizes), shape, sizes), mask)
    if mask.size:
        assert shrink(mask, sizes).size <= coarse.size


@pytest.mark.parametrize("at_once", [1, 5, 12, 100])
def test_a_mask_that_is_unfolded_in_pieces_is_the_same(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr("tombola.tickets.blocks.MOST_AT_ONCE", at_once)
    for shape, sizes in [
        ((7, 5, 3), (3, 1, 2)),
        ((2, 40), (1, 3)),
        ((40, 2), (7, 2)),
        ((3, 4, 5), (2, 3, 1)),
        ((), ()),
    ]:
        small = _grid(*shrunk_shape(shape, sizes))
        expected = small
        for axis, (extent, size) in enumerate(zip(shape, sizes, strict=True)):
            expected = expected.repeat(size, axis).take(range(extent), axis)
        pieces = list(grown(np.packbits(small), shape, sizes))
        assert max(piece.size for piece in pieces) <= at_once
        np.testing.assert_array_equal(np.concatenate(pieces).reshape(shape), expected)
