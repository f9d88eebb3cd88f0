"""Folding, fusing and emptying leave what a net computes as it is, and zeros zero."""

import math
from dataclasses import replace

import pytest
import torch
from tests.graphs.nets import SIZE, everything, images
from torch import nn

from tombola.errors import ModelError
from tombola.graphs.emptying import read_channels, without_dead, zero_channels
from tombola.graphs.folding import folded
from tombola.graphs.fusing import fused
from tombola.graphs.graph import Graph
from tombola.graphs.interpret import interpret, values
from tombola.graphs.ops import Activate, Add, Conv, Linear, Op, Pad, Scale
from tombola.graphs.trace import trace
from tombola.models.network import Network


def kinds(graph: Graph) -> list[type[Op]]:
    return [type(node.op) for node in graph]


def ticket(share: float, seed: int = 0) -> Network:
    """The net with random weights pruned, and whole channels of some layers."""
    network = everything(seed)
    random = torch.Generator().manual_seed(seed)
    for module in network.body.modules():
        if isinstance(module, nn.Conv2d):
            module.weight.data[torch.rand(module.weight.shape, generator=random) < share] = 0
            module.weight.data[torch.rand(module.weight.shape[0], generator=random) < share] = 0
    return network


@pytest.mark.parametrize("seed", range(4))
def test_folding_and_fusing_change_nothing(seed: int) -> None:
    graph = trace(ticket(0.5, seed), SIZE)
    wanted = interpret(graph, images())
    for changed in (folded(graph), fused(graph), fused(folded(graph)), without_dead(fused(folded(graph)))):
        torch.testing.assert_close(interpret(changed, images()), wanted, rtol=1e-4, atol=1e-5)


def test_folding_leaves_only_the_scales_it_must() -> None:
    left = [node for node in folded(trace(everything(), SIZE)) if isinstance(node.op, Scale)]
    assert left[0].inputs[0] == "x"  # the normaliser before a border of zeros: one scale, not two
    assert len(left) == 2  # and the batch norm behind a concatenation; what stands behind it goes into the next layer


def test_a_normaliser_goes_into_a_layer_without_a_border() -> None:
    body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(4 * 11 * 9, 2))
    network = Network(body, everything().normalise, source="no border")
    graph = folded(trace(network, SIZE))
    assert Scale not in kinds(graph)
    torch.testing.assert_close(interpret(graph, images()), network(images()), rtol=1e-4, atol=1e-5)


def test_folding_keeps_zeros_zero() -> None:
    network = ticket(0.6)
    network.body.get_parameter("bn.weight").data[0] = -torch.inf  # a factor that would turn zeros into something
    for node in folded(trace(network, SIZE)):
        if isinstance(node.op, Conv) and node.op.tensor:
            zeros = network.body.get_parameter(node.op.tensor) == 0
            assert zeros.any()
            assert torch.equal(node.op.weight[zeros], torch.zeros(int(zeros.sum())))
            assert not torch.signbit(node.op.weight[zeros]).any()


def test_fusing_takes_in_sums_and_activations() -> None:
    graph = fused(folded(trace(everything(), SIZE)))
    assert Add not in kinds(graph)
    assert graph["conv"].op.residual  # type: ignore[union-attr]  # it is a Conv
    assert graph["conv"].inputs == ("stem", "stem")
    assert graph["stem"].op.activation == "relu"  # type: ignore[union-attr]  # it is a Conv
    assert kinds(graph).count(Activate) == 1  # behind the batch norm of a concatenation


def test_a_value_others_read_is_not_fused_away() -> None:
    body = nn.Sequential(nn.Conv2d(3, 3, 1), nn.ReLU(), nn.Flatten(), nn.Linear(3 * 13 * 11, 2))
    graph = trace(Network(body, source="small"), SIZE)
    conv, relu = graph["0"], next(node for node in graph if isinstance(node.op, Activate))
    both = replace(relu, name="both", op=Add(), inputs=("0", relu.name))
    other = Graph((*graph.nodes[: graph.nodes.index(relu) + 1], both), "both")
    assert {node.name for node in fused(other)} >= {conv.name, relu.name, "both"}
    torch.testing.assert_close(interpret(fused(other), images()), interpret(other, images()))


def test_a_border_of_zeros_goes_into_the_convolution_and_another_does_not() -> None:
    for value, left in ((0.0, 0), (1.0, 1)):
        body = nn.Sequential(nn.ConstantPad2d((1, 2, 0, 1), value), nn.Conv2d(3, 4, 3, padding=1), nn.Flatten())
        network = Network(nn.Sequential(*body, nn.Linear(4 * 14 * 14, 2)), source="border")
        graph = fused(trace(network, SIZE))
        assert kinds(graph).count(Pad) == left
        torch.testing.assert_close(interpret(graph, images()), network(images()), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("value", "sides", "left"), [
    (-math.inf, (0, 1, 0, 1), 0), (-math.inf, (1, 2, 2, 1), 0), (-math.inf, (0, 3, 0, 1), 1), (0.0, (0, 1, 0, 1), 1),
])  # fmt: skip
def test_a_border_below_everything_goes_into_the_maximum(
    value: float, sides: tuple[int, int, int, int], left: int
) -> None:
    body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ConstantPad2d(sides, value), nn.MaxPool2d(3, 2), nn.Flatten())
    features = body(images()).shape[1]
    network = Network(nn.Sequential(*body, nn.Linear(features, 2)), source="border").eval()
    graph = fused(trace(network, SIZE))
    assert kinds(graph).count(Pad) == left
    assert torch.equal(interpret(graph, images()).isnan(), network(images()).isnan())
    torch.testing.assert_close(interpret(graph, images()), network(images()), rtol=1e-4, atol=1e-5, equal_nan=True)


def test_what_is_said_to_be_zero_is_zero_and_what_is_not_read_does_not_matter() -> None:
    graph = fused(folded(trace(ticket(0.7, seed=1), SIZE)))
    zero, read = zero_channels(graph), read_channels(graph)
    assert any(marks.any() for marks in zero.values())
    assert any(not marks.all() for marks in read.values())
    for name, value in values(graph, images()).items():
        assert not value[:, zero[name]].any(), name


def chain() -> Network:
    """Three convolutions; the middle one reads two of four channels, and the third makes nothing of one of its."""
    body = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.ReLU(), nn.Conv2d(4, 2, 1, bias=False), nn.Flatten()
    )
    network = Network(nn.Sequential(*body, nn.Linear(2 * 9 * 7, 2)), source="chain")
    with torch.no_grad():
        network.body.get_parameter("2.weight")[:, 2:] = 0
        network.body.get_parameter("4.weight")[0] = 0
        network.body.get_parameter("4.weight")[1, :3] = 0
    return network


def test_zeros_are_followed_both_ways() -> None:
    network = chain()
    graph = without_dead(fused(folded(trace(network, SIZE))))
    kept = {n.name: int(n.op.weight.count_nonzero()) for n in graph if isinstance(n.op, Conv | Linear)}
    assert kept["0"] == 2 * 27  # two of its channels are read
    assert kept["2"] == 1 * 2 * 9  # one of its channels is read, of two that come
    assert kept["4"] == 1
    assert kept["6"] == 2 * 63  # half of what is flattened is zero
    torch.testing.assert_close(interpret(graph, images()), network(images()), rtol=1e-4, atol=1e-5)


def test_a_dead_channel_with_a_constant_is_kept() -> None:
    network = chain()
    with torch.no_grad():
        network.body.get_parameter("2.weight")[3] = 0
        network.body.get_parameter("2.bias")[3] = 2.0  # nothing but its bias, which the next layer reads
    graph = without_dead(fused(folded(trace(network, SIZE))))
    torch.testing.assert_close(interpret(graph, images()), network(images()), rtol=1e-4, atol=1e-5)


def test_graphs_refuse_what_is_no_graph() -> None:
    graph = trace(chain(), SIZE)
    with pytest.raises(ModelError, match="before what it reads"):
        Graph(graph.nodes[::-1], graph.output)
    with pytest.raises(ModelError, match="no node of this graph"):
        Graph(graph.nodes, "nowhere")
