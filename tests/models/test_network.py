"""`Network`: the right head is found, features are what enters it."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tombola.attacks._folding import pairs
from tombola.errors import ModelError
from tombola.models.inputs.pixels import Normalise
from tombola.models.network import Network, find_head, num_outputs


class Pooling(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.mean((2, 3))


class Auxiliary(nn.Module):
    """A net whose auxiliary head is registered last, as some published ones do."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.fc = nn.Linear(4, 10)
        self.AuxLogits = nn.Sequential(nn.Linear(4, 10))

    def forward(self, x: Tensor) -> Any:
        x = self.conv(x).mean((2, 3))
        return (self.fc(x), self.AuxLogits(x)) if self.training else self.fc(x)


def _body() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(3, 4, 3), Pooling(), nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 10))


def test_the_head_is_the_last_linear_layer() -> None:
    network = Network(_body(), source="toy")
    assert network.head_name == "4"
    assert num_outputs(network.head) == 10


def test_an_auxiliary_head_is_not_the_head() -> None:
    assert find_head(Auxiliary()) == "fc"


def test_a_1x1_convolution_serves_where_there_is_no_linear_layer() -> None:
    network = Network(nn.Sequential(nn.Conv2d(3, 6, 3), nn.Conv2d(6, 10, 1), Pooling()), source="squeeze").eval()
    x = torch.rand(2, 3, 8, 8)
    assert network.head_name == "1"
    assert torch.allclose(network.features(x), network.body[0](x).mean((2, 3)))  # type: ignore[index]  # a Sequential
    assert network.with_head(4, generator=torch.Generator().manual_seed(0))(x).shape == (2, 4)


def test_a_body_without_a_head_says_so() -> None:
    with pytest.raises(ModelError, match="has no Linear layer"):
        Network(nn.Sequential(nn.Conv2d(3, 4, 3), Pooling()), source="headless")
    with pytest.raises(ModelError, match="this one is a Conv2d"):
        Network(nn.Sequential(nn.Conv2d(3, 4, 3), Pooling()), source="headless", head="0")


def test_features_times_the_head_are_the_outputs() -> None:
    network = Network(_body(), source="toy").eval()
    x = torch.rand(3, 3, 8, 8)
    features = network.features(x)
    assert features.shape == (3, 5)
    assert torch.equal(network.head(features), network(x))
    assert not network.head._forward_pre_hooks


def test_features_at_many_positions_are_averaged() -> None:
    network = Network(nn.Linear(6, 2), Normalise((0.0,), (1.0,)), source="tokens")
    x = torch.rand(2, 1, 7, 6)
    assert torch.allclose(network.features(x), x.mean((1, 2)))


def test_a_head_no_image_reaches_is_named() -> None:
    body = Auxiliary().eval()
    with pytest.raises(ModelError, match=r"'AuxLogits\.0' is not its head"):
        Network(body, source="wrong", head="AuxLogits.0").eval().features(torch.rand(1, 3, 8, 8))


def test_a_fresh_head_comes_from_its_generator_and_changes_nothing_else() -> None:
    network = Network(_body(), source="toy").eval()
    before, old = torch.get_rng_state(), network.head
    one, same, other = (network.with_head(3, generator=torch.Generator().manual_seed(s)) for s in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), before)
    assert network.head is old
    weights = [next(n.head.parameters()) for n in (one, same, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    assert weights[0].abs().max() <= 5**-0.5
    assert not one.head.training
    assert torch.equal(one.body[0].weight, network.body[0].weight)  # type: ignore[index]  # a Sequential


def test_a_fresh_head_has_the_old_ones_precision() -> None:
    network = Network(_body().to(torch.bfloat16), source="toy")
    fresh = network.with_head(3, generator=torch.Generator().manual_seed(0))
    assert next(fresh.head.parameters()).dtype == torch.bfloat16


def test_a_copy_shares_no_tensor() -> None:
    network = Network(_body(), source="toy")
    twin = network.copy()
    with torch.no_grad():
        next(twin.body.parameters()).zero_()
    assert next(network.body.parameters()).abs().sum() > 0


def test_attacks_can_follow_a_network_of_images() -> None:
    """What attacks fold is read off a trace with stand-ins, which a branch on the batch's values would end."""
    body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
    assert pairs(Network(body, source="x")) == [("body.0", "body.1")]
