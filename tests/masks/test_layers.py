"""How a weight lies in its layer: outputs first and back, for every kind of convolution."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Size, nn

from tombola.masks.layers import Layer, numbers


@settings(deadline=None)  # other work on the machine must not fail it
@given(st.tuples(*[st.integers(1, 4)] * 3), st.lists(st.integers(1, 3), max_size=3), st.booleans())
def test_outputs_first_is_undone_by_as_stored(sizes: tuple[int, ...], kernel: list[int], transposed: bool) -> None:
    groups, inputs, outputs = sizes
    first = (groups * inputs, outputs) if transposed else (groups * outputs, inputs)
    layer = Layer(Size((*first, *kernel)), groups=groups, transposed=transposed)
    weight = torch.arange(layer.shape.numel()).view(layer.shape)
    seen = layer.outputs_first(weight)
    assert seen.shape == (groups * outputs, inputs, *kernel)
    assert layer.outputs == groups * outputs
    assert torch.equal(layer.as_stored(seen), weight)


def test_an_output_of_a_grouped_transposed_convolution_is_made_by_its_row_alone() -> None:
    convolution = nn.ConvTranspose1d(4, 6, 3, groups=2, bias=False)
    layer = Layer(convolution.weight.shape, groups=2, transposed=True)
    for output in range(6):
        with torch.no_grad():
            first = torch.zeros(6, 2, 3)
            first[output] = 1.0
            convolution.weight.copy_(layer.as_stored(first))
        used = convolution(torch.ones(1, 4, 5)).abs().sum((0, 2)) > 0
        assert used.tolist() == [channel == output for channel in range(6)]


def test_a_plain_weight_is_seen_as_it_is() -> None:
    weight = torch.rand(3, 2)
    assert Layer.of(weight).outputs_first(weight) is weight
    assert Layer.of(weight).outputs == 3


def test_numbers_take_no_memory() -> None:
    sizes = numbers((1000, 1000), 4)
    assert sizes.dtype == torch.int64
    assert sizes.untyped_storage().nbytes() == 8
    assert int(sizes.sum()) == 4_000_000
