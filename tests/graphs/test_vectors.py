"""Convolutions that meet a single pixel, as linear layers: the same numbers by torch's own convolution."""

from dataclasses import replace

import pytest
import torch
from tests.native.graphs import graph
from torch import Tensor

from tombola.graphs.graph import Graph
from tombola.graphs.interpret import values
from tombola.graphs.ops import Conv, Linear, Pad, Sides
from tombola.graphs.vectors import with_vectors


def net(op: Conv, before: tuple[int, int, int], after: tuple[int, int, int]) -> Graph:
    """One convolution."""
    return graph(before, ("conv", op, ("x",), after))


def matrix(made: Graph) -> Tensor:
    (found,) = [node.op for node in made if isinstance(node.op, Linear)]
    assert found.bias is not None
    return torch.cat([found.weight, found.bias[:, None]], 1)


@pytest.mark.parametrize(
    ("shape", "kernel", "padding", "dilation", "groups"),
    [
        ((4, 1, 1), (1, 1), (0, 0, 0, 0), (1, 1), 1),
        ((4, 1, 1), (3, 3), (1, 1, 1, 1), (1, 1), 1),
        ((4, 3, 2), (3, 2), (0, 0, 0, 0), (1, 1), 2),
        ((4, 3, 3), (2, 2), (0, 0, 0, 0), (2, 2), 4),
        ((4, 2, 1), (3, 3), (1, 0, 1, 1), (1, 1), 2),
    ],
)
def test_a_convolution_to_one_pixel_is_a_matrix(
    shape: tuple[int, int, int], kernel: tuple[int, int], padding: Sides, dilation: tuple[int, int], groups: int
) -> None:
    op = Conv(torch.randn(8, 4 // groups, *kernel), torch.randn(8), (1, 1), padding, dilation, groups)
    given = net(op, shape, (8, 1, 1))
    x = torch.randn(3, *shape)
    expected = values(given, x)["conv"].flatten(1)
    flat = torch.cat([x.flatten(1), torch.ones(3, 1)], 1)
    assert torch.allclose(flat @ matrix(with_vectors(given)).T, expected, atol=1e-5)


def test_a_sum_and_an_activation_follow_the_matrix() -> None:
    op = Conv(torch.randn(4, 4, 1, 1), None, residual=True, activation="relu")
    made = with_vectors(graph((4, 1, 1), ("conv", op, ("x", "x"), (4, 1, 1))))
    assert [type(node.op).__name__ for node in made] == ["Input", "Flatten", "Linear", "Add", "Activate"]
    assert made.output == "conv"


def test_one_pixel_that_becomes_several_gets_its_border_first() -> None:
    op = Conv(torch.randn(2, 4, 1, 1), None, padding=(1, 1, 0, 1))
    given = net(op, (4, 1, 1), (2, 3, 2))
    _, border, inner = with_vectors(given)
    assert isinstance(border.op, Pad)
    assert border.shape == (4, 3, 2)
    x = torch.randn(2, 4, 1, 1)
    assert isinstance(inner.op, Conv)
    assert torch.equal(values(with_vectors(given), x)["conv"], values(given, x)["conv"])
    assert inner.op.padding == (0, 0, 0, 0)


def test_other_convolutions_stay_as_they_are() -> None:
    op = Conv(torch.randn(2, 4, 3, 3), None, padding=(1, 1, 1, 1))
    given = net(op, (4, 5, 5), (2, 5, 5))
    assert with_vectors(given)["conv"].op is op
    assert replace(op, groups=1) is not op
