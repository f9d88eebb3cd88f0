"""Which layers stay in float32: the noisiest, no more than it takes, and said."""

import pytest
import torch
from tests.native.int8.nets import small
from torch import Tensor

from tombola.graphs.int8.rounding import Calibrated, calibrated
from tombola.graphs.int8.sensitivity import Sensitivity, sensitivity
from tombola.graphs.interpret import interpret
from tombola.native.folder import prepared

SIZE = (3, 19, 21)


def images() -> Tensor:
    return torch.rand(12, *SIZE, generator=torch.Generator().manual_seed(0))


def given(worse: float = 1.0) -> Calibrated:
    """The small net, whose depthwise layer has outputs of such different sizes that one scale suits few of them."""
    network = small()
    with torch.no_grad():
        network.body.get_parameter("5.weight").mul_(torch.logspace(0, worse, 13).view(-1, 1, 1, 1))
    return calibrated(prepared(network, SIZE), images())


def noise(of: Calibrated, in_float32: tuple[str, ...]) -> float:
    """As it is defined, by another way."""
    with torch.no_grad():
        wanted, found = interpret(of.graph, images()), interpret(of.in_cells(in_float32), images())
    return float((found - wanted).square().sum() / (wanted - wanted.mean(0)).square().sum())


def test_what_is_sound_stays_in_int8() -> None:
    found = sensitivity(given(), images(), most=0.5)
    assert not found.layers
    assert found.noise == found.left == pytest.approx(noise(given(), ()), rel=1e-4)
    assert "no layer has to stay in float32" in found.text()


def test_the_noisiest_layers_stay_until_the_whole_is_within_what_is_allowed() -> None:
    net = given(3.0)
    whole = noise(net, ())
    found = sensitivity(net, images(), most=whole / 4)
    assert found.noise == pytest.approx(whole, rel=1e-4)
    assert found.left <= whole / 4
    names = tuple(found.layers)
    assert found.left == pytest.approx(noise(net, names), rel=1e-3)
    assert list(found.layers.values()) == sorted(found.layers.values(), reverse=True)
    assert noise(net, names[:-1]) > whole / 4, "one layer less would not have done"


def test_layers_that_are_float32_anyway_are_not_counted_again() -> None:
    found = sensitivity(given(), images(), most=1e-9, in_float32=("0",))
    assert "0" not in found.layers
    assert found.left < 1e-9
    assert len(found.layers) == 7


def test_it_says_what_it_did_and_comes_back_from_a_file() -> None:
    found = Sensitivity(0.01, 0.042, 0.006, {"conv1": 0.03, "fc": 0.004})
    assert found.text() == (
        "rounding to int8 moves the logits by 4.2 % of what tells images apart, more than 1 %; in float32 stay conv1"
        " (3 % alone), fc (0.4 % alone), which leaves 0.6 %"
    )
    assert Sensitivity.of(found.plain()) == found
