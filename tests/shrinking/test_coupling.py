"""Channels drawn through the whole net: what goes together, how much goes with it, and that all of it can go."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.shrinking.nets import BLOCKS, SIZE, masked, network, size_of

from tombola.graphs.trace import trace
from tombola.models.network import Network
from tombola.models.prunable import prunable
from tombola.shown import ShownImages
from tombola.shrinking.coupling import Coupling
from tombola.shrinking.shrunk import shrunk, shrunk_with_masks, worst_difference


def _coupling(model: Network, rule: str = "double_win") -> Coupling:
    return Coupling.of(trace(model, SIZE), prunable(model.body, rule))


def test_a_channel_is_listed_under_the_first_layer_that_writes_it() -> None:
    found = _coupling(network(["residual", "projecting"])).layers
    widths = {name: len(ties) for name, ties in found.items()}
    assert widths == {
        "stem.conv.weight": 8,  # and the first block's sum
        "blocks.0.one.conv.weight": 8,
        "blocks.1.one.conv.weight": 8,
        "blocks.1.two.conv.weight": 8,  # and the projection
    }


def test_what_is_not_all_prunable_is_left_out() -> None:
    found = _coupling(network(["residual"]), "cv_lth").layers  # without the stem, which writes into the sum
    assert list(found) == ["blocks.0.one.conv.weight"]


def test_sizes_count_every_weight_of_a_channel_once() -> None:
    coupling = _coupling(network(["inverted"]))
    sizes = coupling.sizes()
    wide = coupling.layers["blocks.0.wide.conv.weight"]
    assert sizes[wide].tolist() == [8 + 9 + 8] * 16  # a row, a depthwise kernel, a column
    gone = torch.zeros(coupling.count, dtype=torch.bool)
    gone[wide[:3]] = True
    assert coupling.pruned(gone) == 3 * (8 + 9 + 8)


def test_means_are_those_of_the_channels_weights() -> None:
    model = network(["plain"])
    coupling = _coupling(model)
    weights = prunable(model.body)
    scores = {name: weight.detach().abs() for name, weight in weights.items()}
    stem, last = scores["stem.conv.weight"], scores["blocks.0.conv.weight"]
    expected = torch.cat([stem.flatten(1), last.transpose(0, 1).flatten(1)], 1).double().mean(1)
    torch.testing.assert_close(coupling.means(scores)[coupling.layers["stem.conv.weight"]], expected)


NETS = given(
    blocks=st.lists(st.sampled_from(sorted(BLOCKS)), min_size=1, max_size=3),
    share=st.sampled_from([0.2, 0.5, 0.8]),
    seed=st.integers(0, 10_000),
)


@pytest.mark.slow
@settings(max_examples=4, deadline=None)
@NETS
def test_all_that_is_masked_goes(blocks: list[str], share: float, seed: int) -> None:
    _all_goes(blocks, share, seed)


@pytest.mark.slow
@pytest.mark.timeout(900)
@settings(max_examples=40, deadline=None)
@NETS
def test_all_that_is_masked_goes_in_many_nets(blocks: list[str], share: float, seed: int) -> None:
    _all_goes(blocks, share, seed)


def _all_goes(blocks: list[str], share: float, seed: int) -> None:
    model = network(blocks, seed=seed)
    weights = prunable(model.body, "open_lth")
    coupling = Coupling.of(trace(model, SIZE), weights)
    gone = torch.zeros(coupling.count, dtype=torch.bool)
    for ties in coupling.layers.values():
        gone[ties] = torch.rand(len(ties), generator=torch.Generator().manual_seed(seed)) < share
        gone[ties[0]] = False
    masks = coupling.masks(gone, weights)
    assert masks.total - masks.kept == coupling.pruned(gone)
    small, left = shrunk_with_masks(model, masks, ShownImages(SIZE))
    assert left.kept == left.total == masks.kept
    assert worst_difference(masked(model, masks), small, ShownImages(SIZE)) < 1e-5


@pytest.mark.parametrize("block", ["residual", "projecting", "inverted"])
def test_half_the_channels_are_a_quarter_of_the_weights_between_them(block: str) -> None:
    model = network([block, block], width=16)
    weights = prunable(model.body)
    coupling = Coupling.of(trace(model, SIZE), weights)
    gone = torch.zeros(coupling.count, dtype=torch.bool)
    for ties in coupling.layers.values():
        gone[ties[: len(ties) // 2]] = True
    small = shrunk(model, coupling.masks(gone, weights), ShownImages(SIZE))
    for name, place in coupling.places.items():
        if name != "stem.conv.weight" and place.shape[1] > 1:
            assert small.body.get_parameter(name).numel() <= weights[name].numel() / 3.5
    assert size_of(small) < 0.5 * size_of(model)
