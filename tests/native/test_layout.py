"""Where the pixels of a map lie."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tombola.graphs.ops import Conv
from tombola.native.layout import Layout, margin_for

layouts = st.builds(Layout, st.integers(1, 9), st.integers(1, 40), st.integers(1, 40), st.integers(0, 3))


@given(layouts)
def test_no_two_pixels_share_a_float_and_margins_surround_them(layout: Layout) -> None:
    last = layout.position(layout.channels - 1, layout.height - 1, layout.width - 1)
    assert layout.position(0, 0, 0) == layout.origin >= layout.margin * layout.row + layout.margin
    below = layout.position(0, layout.height - 1, layout.width - 1) + layout.margin * layout.row
    assert below < layout.plane == layout.position(1, 0, 0) - layout.position(0, 0, 0)
    assert last + layout.margin * layout.row < layout.floats


@given(layouts)
def test_planes_begin_with_lines_and_share_no_cache_set(layout: Layout) -> None:
    if not layout.contiguous:
        assert layout.origin % 16 == 0
        assert layout.plane % 32 == 16


def test_a_vector_is_contiguous() -> None:
    assert [Layout(7, 1, 1).position(channel, 0, 0) for channel in range(3)] == [0, 1, 2]
    assert Layout(7, 1, 1, 1).plane > 1


@pytest.mark.parametrize(("stride", "margin"), [((1, 1), 3), ((2, 2), 0)])
def test_a_convolution_of_stride_one_asks_for_its_padding(stride: tuple[int, int], margin: int) -> None:
    assert margin_for(Conv(torch.ones(1, 1, 3, 3), None, stride, (1, 3, 0, 2))) == margin
