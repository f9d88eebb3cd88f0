"""A network's graph computes what the network computes, and what cannot be in one is named with its layer."""

import pytest
import torch
from tests.graphs.nets import SIZE, everything, images
from torch import Tensor, nn
from torch.nn import functional as F

from tombola.errors import ModelError
from tombola.graphs.interpret import interpret, values
from tombola.graphs.ops import Conv, Linear, Pool, Scale
from tombola.graphs.trace import trace
from tombola.models.network import Network
from tombola.models.source import Source


def equal(network: nn.Module, size: tuple[int, int, int]) -> None:
    x = images(3, size)
    with torch.no_grad():
        wanted = network.eval()(x)
    torch.testing.assert_close(interpret(trace(network, size), x), wanted, rtol=1e-5, atol=1e-5)


def test_the_graph_computes_what_the_network_does() -> None:
    equal(everything(), SIZE)


@pytest.mark.parametrize("name", ["resnet8", "resnet20"])
def test_nets_people_use(name: str) -> None:
    equal(Source.parse(name).load(num_classes=5), (3, 33, 32))


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "torchvision:densenet121",
        "torchvision:mobilenet_v3_small",
        "torchvision:resnet50",
        "torchvision:vgg16_bn",
        "torchvision:mobilenet_v2",
        "torchvision:resnext50_32x4d",
        "torchvision:googlenet",
        "timm:tf_efficientnet_lite0",
        "timm:resnet18d",
        "timm:ghostnet_100",
        "timm:repvgg_a0",
        "timm:nf_resnet26",  # its weights are computed from its parameters
    ],
)
def test_more_nets_people_use(name: str) -> None:
    equal(Source.parse(name).load(num_classes=5), (3, 65, 64))


def test_layers_keep_their_names_and_their_weights_do_too() -> None:
    network = everything()
    graph = trace(network, SIZE)
    assert {"stem", "bn", "conv", "bn2", "squeeze", "wide", "bn3", "tail", "fc"} <= {node.name for node in graph}
    for node in graph:
        if isinstance(node.op, Conv | Linear):
            assert torch.equal(node.op.weight, network.body.get_parameter(node.op.tensor))
        if isinstance(node.op, Scale) and node.op.module:
            assert isinstance(network.body.get_submodule(node.op.module), nn.BatchNorm2d)


def test_every_shape_is_what_the_operation_gives() -> None:
    graph = trace(everything(), SIZE)
    for name, value in values(graph, images()).items():
        assert value.shape[1:] == graph[name].shape, name


def test_the_network_is_not_changed() -> None:
    network = everything().train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    trace(network, SIZE)
    assert network.training
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert all(parameter.requires_grad for parameter in network.parameters())


class InPlace(nn.Module):
    """Reads a value after it was changed in place: what it reads is what it was changed into."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)
        self.fc = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        F.relu_(x)
        x.mul_(2.0)
        return self.fc(x.mean((2, 3)))  # type: ignore[no-any-return]  # a module's call is untyped


def test_what_was_changed_in_place_is_read_changed() -> None:
    equal(Network(InPlace(), source="in place"), SIZE)


class Standardised(nn.Module):
    """Weights computed from parameters are constants as the parameters are."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.fc = nn.Conv2d(3, 4, 1), nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        weight = self.conv.weight - self.conv.weight.mean((1, 2, 3), keepdim=True)
        return self.fc(F.relu(F.conv2d(x, weight, self.conv.bias)).mean((2, 3)))  # type: ignore[no-any-return]  # untyped


def test_weights_that_are_computed_from_parameters() -> None:
    equal(Network(Standardised(), source="standardised"), SIZE)


@pytest.mark.parametrize("kind", ["max", "average"])
def test_windows_over_the_edge(kind: str) -> None:
    pool = (
        nn.MaxPool2d(3, 2, 1, ceil_mode=True)
        if kind == "max"
        else nn.AvgPool2d(2, 2, ceil_mode=True, count_include_pad=False)
    )
    network = Network(nn.Sequential(nn.Conv2d(3, 4, 1), pool, nn.Flatten(), nn.Linear(4 * 7 * 6, 2)), source="pool")
    equal(network, SIZE)
    assert [node.shape for node in trace(network, SIZE) if isinstance(node.op, Pool)] == [(4, 7, 6)]


class Strange(nn.Module):
    def __init__(self, how: str) -> None:
        super().__init__()
        self.conv, self.how, self.fc = nn.Conv2d(3, 4, 1), how, nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        if self.how == "elu":
            x = F.elu(x)
        if self.how == "branch" and x.sum() > 0:
            x = -x
        if self.how == "softmax":
            x = x.softmax(1)
        if self.how == "weights":
            x = F.conv2d(x, x.mean((0, 2, 3)).diag()[:, :, None, None])
        out = self.fc(x.mean((2, 3)))
        return (out, x) if self.how == "two" else out  # type: ignore[return-value]  # wrong on purpose


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("elu", "layer 'the network itself' .* asks for aten.elu"),
        ("branch", "cannot be followed for images of 3x13x11"),
        ("softmax", "aten.softmax.int: a softmax of what are no scores of an attention"),
        ("two", "more than one tensor"),
        ("weights", "aten.mean.dim: a mean over images"),
    ],
)
def test_what_has_no_graph_is_named(how: str, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        trace(Network(Strange(how), source=how, head="fc"), SIZE)


def test_nothing_is_printed_beside_the_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ModelError):
        trace(Network(Strange("branch"), source="branch", head="fc"), SIZE)
    assert capsys.readouterr() == ("", "")


def test_the_layer_is_named() -> None:
    body = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Sequential(nn.ELU()), nn.Flatten(), nn.Linear(4 * 13 * 11, 2))
    with pytest.raises(ModelError, match=r"layer '1.0' \(ELU\)"):
        trace(Network(body, source="elu"), SIZE)


def test_sizes_that_cannot_be() -> None:
    with pytest.raises(ModelError, match="channels, height and width"):
        trace(everything(), (3, 0, 4))
    with pytest.raises(ModelError, match="images of 4x13x11"):
        trace(everything(), (4, 13, 11))
