"""Which operations become whole numbers, which are left, and what is between them."""

import pytest
import torch
from tests.native.graphs import conv, graph
from tests.native.int8.nets import rounded, small
from tests.native.programs import difference
from tests.native.random_nets import Excite
from torch import Tensor, nn

from tombola.errors import RequestError
from tombola.graphs.cells import CellConv, CellLinear, CellMax, CellMean, EnterCells, FromCells, SideBySide, ToCells
from tombola.graphs.graph import Graph
from tombola.graphs.int8.rounding import rounded_graph
from tombola.graphs.interpret import interpret
from tombola.graphs.ops import Activate, Adaptive, Conv, Flatten, Linear, Pool
from tombola.models.inputs.pixels import Normalise
from tombola.models.network import Network


def kinds(found: Graph) -> list[type]:
    return [type(node.op) for node in found.nodes[1:]]


def images() -> Tensor:
    return torch.rand(4, 3, 37, 41, generator=torch.Generator().manual_seed(0))


def test_a_net_for_images_is_whole_numbers_from_the_images_to_the_logits() -> None:
    found = rounded(small(), images())
    assert kinds(found)[:4] == [EnterCells, SideBySide, CellConv, CellMax]
    assert kinds(found)[-4:] == [CellMean, Flatten, ToCells, CellLinear]
    assert not {Conv, Linear, FromCells} & set(kinds(found))


def test_it_is_near_to_what_it_was() -> None:
    with torch.no_grad():
        wanted = small()(images())
        for clip in ("largest", "percentile", "mse"):
            found = interpret(rounded(small(), images(), clip), images())
            assert 0 < float((found - wanted).abs().max()) < 0.06 * float(wanted.abs().max())


def test_convolutions_of_a_single_pixel_keep_their_shape() -> None:
    torch.manual_seed(0)
    body = nn.Sequential(
        nn.Conv2d(3, 8, 3), Excite(8, nn.Sigmoid()), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5)
    )
    network = Network(body, Normalise([0.4] * 3, [0.3] * 3), source="excited").eval()
    x = torch.rand(5, 3, 9, 9)
    found = rounded(network, x)
    assert kinds(found).count(CellLinear) == 3
    with torch.no_grad():
        assert difference(interpret(found, x), network(x)) < 0.05


def test_a_layer_named_stays_in_float32_and_one_unknown_is_refused() -> None:
    found = rounded(small(), images(), in_float32=("0",))
    assert kinds(found)[1] is Conv
    assert ToCells in kinds(found)
    with pytest.raises(RequestError, match="no layer 'stem' to leave in float32"):
        rounded(small(), images(), in_float32=("stem",))


def test_other_activations_and_means_by_windows_stay_in_float32() -> None:
    other = conv(4, 4)
    net = graph(
        (4, 6, 6),
        ("silu", Activate("silu"), ("x",), (4, 6, 6)),
        ("conv", other, ("silu",), (4, 6, 6)),
        ("pool", Pool("average", (2, 2), (2, 2)), ("conv",), (4, 3, 3)),
        ("mean", Adaptive(), ("pool",), (4, 1, 1)),
        ("flat", Flatten(), ("mean",), (4,)),
    )
    found = rounded_graph(net, torch.rand(2, 4, 6, 6))
    assert kinds(found) == [Activate, ToCells, CellConv, FromCells, Pool, Adaptive, Flatten]


def test_images_of_another_size_are_refused() -> None:
    net = graph((4, 6, 6), ("conv", conv(4, 4), ("x",), (4, 6, 6)))
    with pytest.raises(RequestError, match="calibrate int8 on are 4x5x5 and the net is exported for 4x6x6"):
        rounded_graph(net, torch.rand(2, 4, 5, 5))


def test_a_linear_layer_with_few_weights_left_is_read_as_survivors() -> None:
    weight = torch.zeros(5, 8)
    weight[0, 0] = 1
    net = graph((8,), ("y", Linear(weight, None), ("x",), (5,)))
    assert kinds(rounded_graph(net, torch.rand(3, 8))) == [Linear]
