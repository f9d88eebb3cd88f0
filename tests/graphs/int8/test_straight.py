"""What is trained is what is shipped: the same whole numbers, with gradients past the rounding."""

import pytest
import torch
from tests.native.int8.nets import small
from torch import Tensor

from tombola.graphs.int8.graphing import in_cells
from tombola.graphs.int8.rounding import calibrated
from tombola.graphs.int8.shipping import Shipped
from tombola.graphs.int8.straight import straight
from tombola.graphs.int8.weights import rounded_weights, whole_weights
from tombola.graphs.interpret import interpret
from tombola.models.network import Network
from tombola.native.folder import prepared

SIZE = (3, 19, 21)


def images(count: int = 6) -> Tensor:
    return torch.rand(count, *SIZE, generator=torch.Generator().manual_seed(0))


def shipped(network: Network, in_float32: tuple[str, ...] = ()) -> Shipped:
    return Shipped(network, network.body, images(), "largest", in_float32)


@pytest.mark.parametrize("in_float32", [(), ("0", "7")])
def test_logits_are_those_of_whole_numbers(in_float32: tuple[str, ...]) -> None:
    x = 1.5 * images() - 0.2  # beyond what it was calibrated on
    found = calibrated(prepared(small(), SIZE), images())
    with torch.no_grad():
        wanted = interpret(found.in_cells(in_float32), x)
        assert torch.equal(straight(in_cells(found.graph, found.how, in_float32, whole_weights), x), wanted)
        assert torch.allclose(shipped(small(), in_float32)(x), wanted, atol=1e-6)


def test_weights_are_the_same_whole_numbers() -> None:
    weight, bias = torch.randn(5, 7, 3, 3), torch.randn(5)
    one, other = rounded_weights(weight, bias, 0.1, 9), whole_weights(weight, bias, 0.1, 9)
    assert torch.equal(one.weight.double(), other.weight)
    assert torch.equal(one.bias.double(), other.bias)
    assert torch.equal(one.steps, other.steps)


def test_gradients_are_nearly_those_of_no_rounding() -> None:
    network = small()
    network(images())[:, 0].sum().backward()
    wanted = {name: p.grad.clone() for name, p in network.body.named_parameters() if p.grad is not None}
    network.zero_grad()
    shipped(network)(images())[:, 0].sum().backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    for name, gradient in wanted.items():
        found = network.body.get_parameter(name).grad
        assert found is not None, name
        alike = torch.cosine_similarity(found.flatten(), gradient.flatten(), 0)
        assert alike > 0.95, f"{name}: {alike:.3f}"


def test_the_weights_of_now_count_and_scales_stay_until_they_are_found_anew() -> None:
    network = small()
    made = shipped(network)
    before, scale = made(images()), made.how["0"].scale
    with torch.no_grad():
        network.body.get_parameter("0.weight").mul_(2)
    assert not torch.equal(made(images()), before)
    assert made.how["0"].scale == scale
    made.calibrate(images())
    assert made.how["0"].scale > 1.3 * scale
