"""Row, kernel, channel, stripe and block on layers small enough to check by eye."""

import pytest
import torch
from torch import Size, Tensor

from tombola.masks.layers import Layer
from tombola.masks.patterns._base import Pattern


def groups(pattern: str, layer: Layer) -> Tensor:
    """The number of its group for every weight, as stored."""
    weight = torch.zeros(layer.shape)
    grouping = Pattern.parse(pattern).grouping(weight, layer)
    return grouping.expand(torch.arange(grouping.sizes.numel()).view(grouping.sizes.shape).float()).int()


CONV = Layer(Size((4, 2, 2, 3)))


@pytest.mark.parametrize(
    ("pattern", "fixed", "count"),
    [
        ("element", ("out", "in", "kh", "kw"), 48),
        ("row", ("out", "in", "kh"), 16),
        ("kernel", ("out", "in"), 8),
        ("channel", ("out",), 4),
    ],
)
def test_what_is_fixed_makes_the_group(pattern: str, fixed: tuple[str, ...], count: int) -> None:
    places = dict(zip(("out", "in", "kh", "kw"), torch.unravel_index(torch.arange(48), CONV.shape), strict=True))
    owner = groups(pattern, CONV).flatten()
    same = torch.stack([places[axis][:, None] == places[axis][None] for axis in fixed]).all(0)
    assert torch.equal(owner[:, None] == owner[None], same)
    assert len(set(owner.tolist())) == count


@pytest.mark.parametrize("pattern", ["row", "kernel", "element", "nm:2:4"])
@pytest.mark.parametrize("layer", [Layer(Size((3, 5))), Layer(Size((3, 5, 1, 1))), Layer(Size((3, 5, 1)))])
def test_on_linear_layers_and_1x1_convolutions_a_row_is_one_weight(pattern: str, layer: Layer) -> None:
    assert torch.equal(groups(pattern, layer).flatten(), torch.arange(15).int())


def test_the_row_of_a_3d_convolution_is_its_last_axis() -> None:
    assert groups("row", Layer(Size((1, 1, 2, 2, 3)))).tolist() == [[[[[0, 0, 0], [1, 1, 1]], [[2, 2, 2], [3, 3, 3]]]]]


def test_a_neuron_is_the_channel_of_a_linear_layer() -> None:
    assert groups("channel", Layer(Size((3, 2)))).tolist() == [[0, 0], [1, 1], [2, 2]]


def test_a_stripe_is_some_outputs_at_one_input_and_the_last_one_is_smaller() -> None:
    assert groups("stripe:2", Layer(Size((5, 2)))).tolist() == [[0, 1], [0, 1], [2, 3], [2, 3], [4, 5]]


@pytest.mark.parametrize(("pattern", "inputs"), [("stripe:2", 1), ("block:2x8", 8)])
def test_nothing_crosses_the_groups_of_a_convolution(pattern: str, inputs: int) -> None:
    layer = Layer(Size((6, inputs, 1)), groups=2)  # outputs 0 to 2 read other inputs than 3 to 5
    assert groups(pattern, layer)[:, 0, 0].tolist() == [0, 0, 1, 2, 2, 3]


def test_in_a_depthwise_convolution_every_stripe_is_of_one_channel() -> None:
    assert groups("stripe:4", Layer(Size((4, 1, 1, 2)), groups=4)).flatten().tolist() == list(range(8))


def test_a_block_is_outputs_by_inputs_at_one_position() -> None:
    at_first, at_second = groups("block:2x3", Layer(Size((3, 4, 2)))).unbind(-1)
    assert at_first.tolist() == [[0, 0, 0, 2], [0, 0, 0, 2], [4, 4, 4, 6]]
    assert torch.equal(at_second, at_first + 1)


def test_channels_of_a_transposed_convolution_are_its_outputs() -> None:
    """Stored are (inputs, outputs of a group): in two groups, inputs 0 and 1 make outputs 0 and 1."""
    layer = Layer(Size((4, 2, 1)), groups=2, transposed=True)
    assert groups("channel", layer)[..., 0].tolist() == [[0, 1], [0, 1], [2, 3], [2, 3]]


def test_the_mean_is_that_of_the_group() -> None:
    weight = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    grouping = Pattern.parse("stripe:2").grouping(weight, Layer.of(weight))
    assert grouping.means(weight).tolist() == [[2.0, 3.0], [5.0, 6.0]]
    assert grouping.sizes.tolist() == [[2, 2], [1, 1]]


def test_sizes_that_are_all_equal_take_no_memory() -> None:
    for name in ("stripe:4", "row", "kernel", "channel", "nm", "block"):
        sizes = Pattern.parse(name).grouping(torch.zeros(8, 8, 3, 3), Layer(Size((8, 8, 3, 3)))).sizes
        assert set(sizes.stride()) == {0}
