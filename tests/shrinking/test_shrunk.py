"""A shrunk net gives the masked net's logits, and is as small as it can be."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.shrinking.nets import BLOCKS, SIZE, Net, channel_masks, masked, network, size_of
from torch import nn

from tombola.masks.masks import Masks
from tombola.models.network import Network
from tombola.models.source import Source
from tombola.shown import ShownImages
from tombola.shrinking.shrunk import shrunk, shrunk_with_masks, worst_difference

NETS = given(
    blocks=st.lists(st.sampled_from(sorted(BLOCKS)), min_size=1, max_size=4),
    share=st.sampled_from([0.0, 0.3, 0.5, 0.9, 1.0]),
    flat=st.booleans(),
    elements=st.booleans(),
    seed=st.integers(0, 10_000),
)


@settings(max_examples=6, deadline=None)
@NETS
def test_the_logits_are_the_masked_nets(blocks: list[str], share: float, flat: bool, elements: bool, seed: int) -> None:
    _gives_the_masked_nets_logits(blocks, share, flat, elements, seed)


@pytest.mark.slow
@pytest.mark.timeout(900)
@settings(max_examples=60, deadline=None)
@NETS
def test_the_logits_of_many_nets(blocks: list[str], share: float, flat: bool, elements: bool, seed: int) -> None:
    _gives_the_masked_nets_logits(blocks, share, flat, elements, seed)


def _gives_the_masked_nets_logits(blocks: list[str], share: float, flat: bool, elements: bool, seed: int) -> None:
    model = network(blocks, flat=flat, seed=seed)
    masks = channel_masks(model, share, seed=seed + 1, elements=elements)
    small, left = shrunk_with_masks(model, masks, ShownImages(SIZE))
    assert worst_difference(masked(model, masks), small, ShownImages(SIZE)) < 1e-5
    assert size_of(small) <= size_of(model)
    assert all(tuple(left[name].shape) == tuple(small.body.state_dict()[name].shape) for name in left)
    assert worst_difference(masked(small, left), small, ShownImages(SIZE)) == 0


@pytest.mark.parametrize(
    "block", [pytest.param(name, marks=pytest.mark.slow if nth % 2 else []) for nth, name in enumerate(sorted(BLOCKS))]
)
def test_every_block_shrinks_to_a_multiple_of_channels_if_asked_and_keeps_its_logits(block: str) -> None:
    model = network([block, "plain", block])
    masks = channel_masks(model, 0.5, seed=3)
    small, odd = shrunk(model, masks, ShownImages(SIZE), multiple=4), shrunk(model, masks, ShownImages(SIZE))
    for less in (small, odd):
        assert worst_difference(masked(model, masks), less, ShownImages(SIZE)) < 1e-5
    assert size_of(odd) <= size_of(small) <= size_of(model)
    assert size_of(odd) < size_of(model)
    before = dict(model.body.named_modules())
    for name, layer in small.body.named_modules():
        if isinstance(layer, nn.Conv2d):
            whole = before[name]
            assert isinstance(whole, nn.Conv2d)
            assert layer.out_channels % 4 == 0 or layer.out_channels in (1, 2, 3, whole.out_channels)


def test_another_size_of_image_gives_the_same_logits_too() -> None:
    model = network(["residual", "inverted"])
    masks = channel_masks(model, 0.5, seed=5)
    small = shrunk(model, masks, ShownImages(SIZE))
    assert worst_difference(masked(model, masks), small, ShownImages((3, 13, 11))) < 1e-5


def test_the_network_given_is_not_changed() -> None:
    model = network(["residual"])
    before = {name: value.clone() for name, value in model.state_dict().items()}
    shrunk(model, channel_masks(model, 0.5, seed=1), ShownImages(SIZE))
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_a_net_without_empty_channels_stays_as_it_is() -> None:
    model = network(["residual", "joined"])
    small = shrunk(model, Masks({}), ShownImages(SIZE))
    before = model.body.state_dict()
    assert all(torch.equal(before[name], value) for name, value in small.body.state_dict().items())


def _sequential(*layers: nn.Module) -> Network:
    return Network(nn.Sequential(*layers, nn.Flatten(), nn.Linear(4, 2)).eval(), source="toy")


def _without_rows(model: Network, name: str, rows: list[int]) -> Masks:
    mask = torch.ones(model.body.get_parameter(name).shape, dtype=torch.bool)
    mask[rows] = False
    return Masks({name: mask})


def test_a_constant_goes_into_the_next_bias_where_no_border_is() -> None:
    model = _sequential(nn.Conv2d(3, 3, 1), nn.Conv2d(3, 4, 8))
    masks = _without_rows(model, "0.weight", [0, 2])
    small = shrunk(model, masks, ShownImages(SIZE))
    assert small.body.get_parameter("0.weight").shape == (1, 3, 1, 1)
    assert small.body.get_parameter("1.weight").shape == (4, 1, 8, 8)
    assert worst_difference(masked(model, masks), small, ShownImages(SIZE)) < 1e-5


def test_at_a_border_one_channel_carries_all_constants() -> None:
    model = _sequential(nn.Conv2d(3, 6, 1), nn.Conv2d(6, 4, 3, padding=1), nn.AdaptiveAvgPool2d(1))
    masks = _without_rows(model, "0.weight", [0, 1, 4])
    small = shrunk(model, masks, ShownImages(SIZE))
    assert len(small.body.get_parameter("0.weight")) == 4
    assert worst_difference(masked(model, masks), small, ShownImages(SIZE)) < 1e-5


def test_a_tiny_constant_that_stays_does_not_carry_large_ones() -> None:
    model = _sequential(nn.Conv2d(3, 6, 1), nn.Conv2d(6, 4, 3, padding=1), nn.AdaptiveAvgPool2d(1))
    bias = model.body.get_parameter("0.bias")
    with torch.no_grad():
        bias.copy_(torch.tensor([1e-30, 3.0, 2.0, 0.5, 0.5, 0.5]))
    masks = _without_rows(model, "0.weight", [0, 1, 2])
    small = shrunk(model, masks, ShownImages(SIZE))
    assert small.body.get_parameter("0.bias").tolist() == [3.0, 0.5, 0.5, 0.5]
    assert worst_difference(masked(model, masks), small, ShownImages(SIZE)) < 1e-5


def test_without_a_bias_nothing_need_carry_a_zero() -> None:
    model = _sequential(nn.Conv2d(3, 6, 1, bias=False), nn.Conv2d(6, 4, 3, padding=1), nn.AdaptiveAvgPool2d(1))
    small = shrunk(model, _without_rows(model, "0.weight", [0, 1, 4]), ShownImages(SIZE))
    assert len(small.body.get_parameter("0.weight")) == 3


def test_a_layer_without_a_bias_before_its_norm_is_given_none() -> None:
    model = _sequential(nn.Conv2d(3, 6, 1), nn.Conv2d(6, 4, 8, bias=False), nn.BatchNorm2d(4))
    masks = _without_rows(model, "0.weight", [0, 1, 4])
    small = shrunk(model, masks, ShownImages(SIZE))
    assert "1.bias" not in small.body.state_dict()
    assert worst_difference(masked(model, masks), small, ShownImages(SIZE)) < 1e-5


def test_a_layer_without_bias_and_norm_gets_a_bias() -> None:
    model = _sequential(nn.Conv2d(3, 6, 1), nn.ReLU(), nn.Conv2d(6, 4, 8, bias=False))
    model.body.get_parameter("0.bias").data.fill_(0.5)  # or nothing might be left after the ReLU
    masks = _without_rows(model, "0.weight", list(range(6)))
    small = shrunk(model, masks, ShownImages(SIZE))
    assert "2.bias" in small.body.state_dict()
    assert worst_difference(masked(model, masks), small, ShownImages(SIZE)) < 1e-5


def test_a_channel_stays_while_one_writer_of_the_sum_needs_it() -> None:
    model = network(["residual"])
    one = _without_rows(model, "stem.conv.weight", [0, 1, 2])
    both = Masks({**one, **_without_rows(model, "blocks.0.two.conv.weight", [1, 2, 3])})
    assert len(shrunk(model, one, ShownImages(SIZE)).body.get_parameter("stem.conv.weight")) == 8
    small = shrunk(model, both, ShownImages(SIZE))
    assert worst_difference(masked(model, both), small, ShownImages(SIZE)) < 1e-5
    assert len(small.body.get_parameter("stem.conv.weight")) in (6, 7)  # 1 and 2 go; one may carry


def test_a_depthwise_convolution_goes_with_what_it_reads() -> None:
    model = network(["inverted"])
    rows = [0, 3, 4, 9]
    masks = Masks(
        {
            **_without_rows(model, "blocks.0.wide.conv.weight", rows),
            **_without_rows(model, "blocks.0.deep.conv.weight", rows),
        }
    )
    small = shrunk(model, masks, ShownImages(SIZE))
    deep = small.body.get_submodule("blocks.0.deep.conv")
    assert isinstance(deep, nn.Conv2d)
    assert (deep.groups, deep.in_channels, deep.out_channels) == (12, 12, 12)


def test_a_grouped_convolution_keeps_groups_of_one_size() -> None:
    model = network(["grouped"])
    rows = [0, 4, 5, 8, 12]  # of four groups of four: one, two, one and one
    small = shrunk(model, _without_rows(model, "blocks.0.two.conv.weight", rows), ShownImages(SIZE))
    two = small.body.get_submodule("blocks.0.two.conv")
    assert isinstance(two, nn.Conv2d)
    assert (two.groups, two.out_channels) == (4, 12)


def test_whole_groups_go() -> None:
    model = network(["grouped"])
    masks = _without_rows(model, "blocks.0.two.conv.weight", [4, 5, 6, 7])
    small = shrunk(model, masks, ShownImages(SIZE))
    two = small.body.get_submodule("blocks.0.two.conv")
    assert isinstance(two, nn.Conv2d)
    assert (two.groups, two.in_channels, two.out_channels) == (3, 12, 12)
    assert worst_difference(masked(model, masks), small, ShownImages(SIZE)) < 1e-5


def test_a_layer_of_which_nothing_is_left_keeps_one_channel() -> None:
    model = network(["plain", "plain"])
    masks = _without_rows(model, "blocks.0.conv.weight", list(range(8)))
    small = shrunk(model, masks, ShownImages(SIZE))
    assert len(small.body.get_parameter("blocks.0.conv.weight")) == 1
    assert worst_difference(masked(model, masks), small, ShownImages(SIZE)) < 1e-5


def test_a_layer_used_twice_is_not_cut() -> None:
    class Twice(Net):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.blocks(self.blocks(self.stem(x)))
            out: torch.Tensor = self.head(torch.relu(self.hidden(self.pool(y).flatten(1))))
            return out

    model = Network(Twice(["plain"], 8, flat=False).eval(), source="toy", head="head")
    masks = channel_masks(model, 0.5, seed=0)
    small = shrunk(model, masks, ShownImages(SIZE))
    assert small.body.get_parameter("blocks.0.conv.weight").shape == (8, 8, 3, 3)
    assert worst_difference(masked(model, masks), small, ShownImages(SIZE)) < 1e-5


@pytest.mark.parametrize("name", ["resnet8", "resnet20b", "preactresnet18"])
def test_our_own_nets(name: str) -> None:
    model = Source.parse({"name": name, "width": 0.25}).load()
    masks = channel_masks(model, 0.5, seed=0).only(n for n in channel_masks(model, 0.5, seed=0) if "linear" not in n)
    small = shrunk(model, masks, ShownImages((3, 16, 16)))
    assert size_of(small) < 0.6 * size_of(model)
    assert worst_difference(masked(model, masks), small, ShownImages((3, 16, 16))) < 1e-5
