"""A view says where torch's values lie: whatever was permuted, reshaped and cut, they are the ones that torch has."""

from math import prod

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from tombola.graphs.graph import Graph, Shape
from tombola.graphs.growing import Growing
from tombola.graphs.interpret import interpret
from tombola.graphs.ops import Input
from tombola.graphs.views import Crossing, View, permuted, places, reshaped, selected, sliced, whole

SHAPE = (6, 4, 2)


def changed(draw: st.DrawFn, view: View, x: Tensor) -> tuple[View, Tensor]:
    """Both after the same step, or as they were where a view cannot follow."""
    how = draw(st.sampled_from(["permute", "reshape", "slice", "select"]))
    dim = draw(st.integers(0, x.ndim - 1))
    try:
        if how == "permute":
            order = draw(st.permutations(range(x.ndim)))
            return permuted(view, order), x.permute(order)
        if how == "reshape":
            shape = draw(st.sampled_from(factors(x.numel())))
            return reshaped(view, shape), x.reshape(shape)
        start = draw(st.integers(0, x.shape[dim] - 1))
        if how == "select":
            return (selected(view, dim, start), x.select(dim, start)) if x.ndim > 2 else (view, x)
        step = draw(st.integers(1, 2))
        count = -(-(x.shape[dim] - start) // step)
        return sliced(view, dim, start, count, step), x[(*[slice(None)] * dim, slice(start, None, step))]
    except Crossing:
        return view, x


def factors(count: int) -> list[Shape]:
    """A few shapes of so many values."""
    halves = [(a, count // a) for a in range(1, count + 1) if count % a == 0]
    return [*halves, *((a, b, 1, c // b) for a, c in halves for b in range(1, c + 1) if c % b == 0)]


@given(st.data())
def test_views_follow_torch(data: st.DataObject) -> None:
    x = torch.arange(prod(SHAPE)).view(1, *SHAPE)
    view = whole("x", SHAPE)
    for _ in range(data.draw(st.integers(1, 6))):
        view, x = changed(data.draw, view, x)  # type: ignore[arg-type]  # a strategy's draw and a test's are alike
        assert view.shape == tuple(x.shape)
        assert torch.equal(places(view, SHAPE), x)


@given(st.data())
def test_values_are_moved_to_where_a_layer_reads_them(data: st.DataObject) -> None:
    x = torch.rand(2, *SHAPE, generator=torch.Generator().manual_seed(0))
    growing = Growing()
    view = whole(growing.put("x", Input(), (), SHAPE), SHAPE)
    numbers = torch.arange(prod(SHAPE)).view(1, *SHAPE)
    for _ in range(data.draw(st.integers(1, 4))):
        view, numbers = changed(data.draw, view, numbers)  # type: ignore[arg-type]  # as above
    tokens = growing.tokens(view)
    found = interpret(Graph(tuple(growing.nodes.values()), tokens.node), x)
    expected = x.flatten(1)[:, numbers.flatten()]
    shape = growing.shape(tokens)
    assert torch.equal(found.flatten(1)[:, places(tokens, shape).flatten()], expected)
    assert shape[0] == view.shape[-1]


def test_what_does_not_divide_is_no_view() -> None:
    turned = permuted(whole("x", (4, 1, 6)), (0, 3, 1, 2))
    with pytest.raises(Crossing):
        reshaped(turned, (1, 8, 3))
