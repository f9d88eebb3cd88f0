"""Counts that can be checked by eye, and chance against chance itself."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tombola.errors import MaskError
from tombola.masks.analysis import (
    NOTHING,
    Count,
    both,
    both_by_chance,
    dead_kernels,
    dead_outputs,
    densities,
    differing,
    expected_overlap,
    unread_inputs,
)
from tombola.masks.layers import Layer
from tombola.masks.masks import Masks


def random_masks(density: float, seed: int, size: int = 400) -> Masks:
    drawn = torch.Generator().manual_seed(seed)
    shapes = {"a": (size, 4), "b": (size // 4, 2, 3, 3)}
    return Masks({name: torch.rand(shape, generator=drawn) < density for name, shape in shapes.items()})


def test_densities_are_counted_layer_by_layer() -> None:
    masks = Masks({"a": torch.tensor([[True, False]]), "b": torch.ones(2, 1, 1, 1, dtype=torch.bool)})
    assert densities(masks) == {"a": Count(1, 2), "b": Count(2, 2)}
    assert (Count(1, 2) + Count(2, 2)).share == 0.75
    assert NOTHING.share == 0.0


def test_a_kernel_is_dead_when_all_its_weights_are_pruned() -> None:
    mask = torch.zeros(3, 2, 3, 3, dtype=torch.bool)
    mask[0, 0, 1, 1] = mask[2, 0] = True
    layer = Layer(mask.shape)
    assert dead_kernels(mask, layer) == Count(4, 6)
    assert dead_outputs(mask, layer) == Count(1, 3)
    assert unread_inputs(mask, layer) == Count(1, 2)


def test_a_group_reads_its_own_inputs_only() -> None:
    mask = torch.zeros(4, 1, 3, 3, dtype=torch.bool)
    mask[0] = mask[1] = True
    assert unread_inputs(mask, Layer(mask.shape, groups=2)) == Count(1, 2)
    assert unread_inputs(mask, Layer(mask.shape, groups=4)) == Count(2, 4)


def test_a_transposed_convolution_is_read_outputs_first() -> None:
    mask = torch.zeros(2, 3, 2, 2, dtype=torch.bool)
    mask[1, 0] = mask[1, 1] = True
    layer = Layer(mask.shape, transposed=True)
    assert (dead_kernels(mask, layer), dead_outputs(mask, layer)) == (Count(4, 6), Count(1, 3))
    assert unread_inputs(mask, layer) == Count(1, 2)


def test_a_linear_layers_kernels_are_its_weights() -> None:
    mask = torch.tensor([[True, False, False], [False, False, False]])
    assert dead_kernels(mask, Layer(mask.shape)) == Count(5, 6)
    assert dead_outputs(mask, Layer(mask.shape)) == Count(1, 2)
    assert unread_inputs(mask, Layer(mask.shape)) == Count(2, 3)


@settings(max_examples=40, deadline=None)
@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 99))
def test_the_distance_is_the_number_of_weights_that_differ(one: float, other: float, seed: int) -> None:
    a, b = random_masks(one, seed, 40), random_masks(other, seed + 1, 40)
    assert differing(a, b) == sum(int((a[name] != b[name]).sum()) for name in a)
    assert both(a, b) == both(b, a) <= min(a.kept, b.kept)
    assert both_by_chance(a, b) == pytest.approx(both_by_chance(b, a))
    assert 0 <= expected_overlap(a, b) <= 1


@pytest.mark.parametrize(("one", "other"), [(0.1, 0.1), (0.5, 0.2), (0.9, 0.05)])
def test_random_masks_overlap_as_expected(one: float, other: float) -> None:
    pairs = [(random_masks(one, seed), random_masks(other, 1000 + seed)) for seed in range(20)]
    found = sum(a.overlap(b) for a, b in pairs) / len(pairs)
    expected = sum(expected_overlap(a, b) for a, b in pairs) / len(pairs)
    assert found == pytest.approx(expected, rel=0.05)


def test_chance_knows_the_layers() -> None:
    """Two masks that keep the same layer agree by chance wholly, though they keep half of all weights."""
    one = Masks({"a": torch.ones(8, dtype=torch.bool), "b": torch.zeros(8, dtype=torch.bool)})
    assert expected_overlap(one, one) == 1.0
    assert expected_overlap(~one, one) == 0.0
    assert expected_overlap(one & ~one, one & ~one) == 1.0


def test_masks_of_other_tensors_are_refused() -> None:
    one = Masks({"a": torch.ones(8, dtype=torch.bool)})
    with pytest.raises(MaskError, match="cover different tensors"):
        expected_overlap(one, Masks({"b": torch.ones(8, dtype=torch.bool)}))
