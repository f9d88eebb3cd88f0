"""SynFlow against loops over units, its conservation law, and its rounds."""

import copy

import pytest
import torch
from tests.fitting.toys import SIZE
from tests.masks.scores.nets import probe, smooth, weights
from torch import Tensor, nn

from tombola.fitting.probe import NetworkProbe
from tombola.masks.scores.synflow import SynFlow
from tombola.models.inputs.pixels import Normalise
from tombola.models.network import Network


def two_layers(bias: bool) -> Network:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        body = nn.Sequential(nn.Conv2d(3, 4, 1, bias=bias), nn.ReLU(), nn.Flatten(), nn.Linear(4, 2, bias=bias))
    return Network(body, Normalise((0.4, 0.5, 0.6), (0.2, 0.2, 0.2)), source="toy")


def scored(model: Network) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    given = {name: weight.detach() for name, weight in model.body.named_parameters() if weight.dim() > 1}
    return SynFlow().scores(given, NetworkProbe(model, None, seed=0, device="cpu", image=1)), given


@pytest.mark.parametrize("bias", [False, True])
def test_a_weight_is_worth_the_flow_through_it(bias: bool) -> None:
    model = two_layers(bias)
    found, given = scored(model)
    first, second = given["0.weight"][:, :, 0, 0].double(), given["3.weight"].double()
    offset = model.body.state_dict()["0.bias"].double().abs() if bias else torch.zeros(4).double()
    for unit in range(4):
        enters = sum(abs(float(first[unit, channel])) * 1.0 for channel in range(3)) + float(offset[unit])
        leaves = sum(abs(float(second[output, unit])) for output in range(2))
        for channel in range(3):
            flow = abs(float(first[unit, channel])) * leaves
            assert float(found["0.weight"][unit, channel, 0, 0]) == pytest.approx(flow)
        for output in range(2):
            flow = abs(float(second[output, unit])) * enters
            assert float(found["3.weight"][output, unit]) == pytest.approx(flow)


def test_what_enters_a_unit_leaves_it() -> None:
    found, _ = scored(two_layers(bias=False))
    torch.testing.assert_close(found["0.weight"].sum((1, 2, 3)), found["3.weight"].sum(0))
    assert found["0.weight"].dtype == torch.float64


def test_with_batch_norm_it_is_the_flow_of_the_whole_state_by_magnitude() -> None:
    model = smooth()
    positive = copy.deepcopy(model.body).eval()
    for tensor in positive.state_dict().values():
        tensor.abs_()
    positive(torch.ones(1, 3, SIZE, SIZE, dtype=torch.float64)).sum().backward()
    found = SynFlow().scores(weights(model), probe(model))
    for name, tensor in positive.named_parameters():
        if name in found:
            assert tensor.grad is not None
            torch.testing.assert_close(found[name], (tensor * tensor.grad).detach())


def test_signs_and_data_do_not_matter() -> None:
    model = smooth()
    flipped = {name: -weight for name, weight in weights(model).items()}
    found, again = (SynFlow().scores(given, probe(model)) for given in (weights(model), flipped))
    assert all(torch.equal(found[name], again[name]) for name in found)
    assert {"image"} == SynFlow.NEEDS


def test_it_prunes_in_a_hundred_rounds_unless_told() -> None:
    assert SynFlow().num_rounds == 100
    assert SynFlow(rounds=7).num_rounds == 7
