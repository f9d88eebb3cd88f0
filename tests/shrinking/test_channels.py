"""Which channels are one: read off graphs small enough to see."""

import torch
from tests.shrinking.nets import SIZE, network
from torch import nn

from tombola.graphs.graph import Graph, Node
from tombola.graphs.ops import Conv, Input, Widen
from tombola.graphs.trace import trace
from tombola.shrinking.channels import Channels, channels_of


def _channels(*blocks: str, whole_groups: bool = False) -> Channels:
    return channels_of(trace(network(list(blocks)), SIZE), whole_groups=whole_groups)


def test_what_is_added_is_one() -> None:
    found = _channels("residual", "residual").of
    assert torch.equal(found["stem.conv"], found["blocks.0.two.conv"])
    assert torch.equal(found["stem.conv"], found["blocks.1.two.conv"])
    assert not set(found["stem.conv"].tolist()) & set(found["blocks.0.one.conv"].tolist())


def test_images_and_logits_are_fixed_and_nothing_else() -> None:
    found = _channels("residual")
    fixed = {name for name, ties in found.of.items() if bool(found.fixed[ties].all())}
    assert {"head"} <= fixed
    assert not {"stem.conv", "blocks.0.one.conv", "hidden"} & fixed
    assert int(found.fixed.sum()) == 3 + 4


def test_a_depthwise_convolution_writes_what_it_reads() -> None:
    found = _channels("inverted").of
    assert torch.equal(found["blocks.0.wide.conv"], found["blocks.0.deep.conv"])
    assert torch.equal(found["stem.conv"], found["blocks.0.narrow.conv"])


def test_an_excitation_is_one_with_what_it_scales() -> None:
    found = _channels("exciting").of
    assert torch.equal(found["blocks.0.excite"], found["blocks.0.deep.conv"])


def test_a_concatenation_keeps_its_parts() -> None:
    found = _channels("joined").of
    (joined,) = (ties for name, ties in found.items() if name.startswith("cat"))
    assert torch.equal(joined, torch.cat([found["stem.conv"], found["blocks.0.grow.conv"]]))


def test_groups_are_tied_whole_only_where_asked() -> None:
    apart, whole = _channels("grouped").of, _channels("grouped", whole_groups=True).of
    assert len(set(apart["blocks.0.two.conv"].tolist()) | set(apart["blocks.0.one.conv"].tolist())) == 32
    assert len(set(whole["blocks.0.two.conv"].tolist())) == 4
    assert torch.equal(whole["blocks.0.two.conv"], whole["blocks.0.one.conv"])


def test_a_flattened_map_repeats_its_channels() -> None:
    found = channels_of(trace(network([], flat=True), SIZE)).of
    (flat,) = (ties for name, ties in found.items() if name.startswith("flatten"))
    assert torch.equal(flat, found["stem.conv"].repeat_interleave(9))


def _widened() -> Graph:
    conv = Conv(torch.zeros(2, 3, 1, 1), None, tensor="conv.weight")
    last = Conv(torch.zeros(4, 5, 1, 1), None, tensor="last.weight")
    return Graph(
        (
            Node("x", Input(), (), (3, 4, 4)),
            Node("conv", conv, ("x",), (2, 4, 4)),
            Node("wide", Widen(1, 2), ("conv",), (5, 4, 4)),
            Node("last", last, ("wide",), (4, 4, 4)),
        ),
        "last",
    )


def test_channels_of_zeros_can_go_only_from_a_layer_known_to_add_them() -> None:
    shut, known = channels_of(_widened()), channels_of(_widened(), widens={"wide"})
    assert bool(shut.fixed[shut.of["wide"]].all())
    assert not bool(known.fixed[known.of["wide"]].any())
    assert torch.equal(known.of["wide"][1:3], known.of["conv"])


def test_a_layer_without_a_name_is_fixed() -> None:
    body = nn.Sequential(nn.Conv2d(3, 2, 1), nn.Conv2d(2, 4, 1))
    graph = trace(body, SIZE)
    nameless = graph.with_nodes(
        [node.with_op(Conv(node.op.weight, None)) if isinstance(node.op, Conv) else node for node in graph]
    )
    found = channels_of(nameless)
    assert bool(found.fixed.all())
