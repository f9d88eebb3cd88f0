"""State dicts out of their wrappers: each layout whole or not at all, and nothing dropped unseen."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from tombola.errors import ModelError
from tombola.models.wrappers import strangers, unwrapped

HERE = Path("w.pt")
ONE = torch.ones(1)
PLAIN = {"conv1.weight": ONE, "fc.bias": ONE}


def _under(prefix: str) -> dict[str, Tensor]:
    return {prefix + name: value for name, value in PLAIN.items()}


def _three(number: float) -> Tensor:
    return torch.full((3, 1, 1), number)


def test_plain_names_stay() -> None:
    found = unwrapped(PLAIN, HERE)
    assert (found.weights, found.normalise, found.layout) == (PLAIN, None, "plain")


def test_our_own_networks_come_apart() -> None:
    found = unwrapped(_under("body.") | {"normalise.mean": _three(0.5), "normalise.std": _three(0.25)}, HERE)
    assert found.weights == PLAIN
    assert found.normalise is not None
    assert found.normalise.mean.flatten().tolist() == [0.5] * 3


@pytest.mark.parametrize("inner", ["", "model."])
@pytest.mark.parametrize("attacker", [True, False])
def test_the_robustness_librarys_come_apart(inner: str, *, attacker: bool) -> None:
    weights = _under(f"model.{inner}") | {"normalizer.new_mean": _three(0.5), "normalizer.new_std": _three(0.25)}
    if attacker:
        weights |= _under(f"attacker.model.{inner}")
        weights |= {f"attacker.normalize.new_{part}": weights[f"normalizer.new_{part}"] for part in ("mean", "std")}
    found = unwrapped(weights, HERE)
    assert (found.weights, found.layout) == (PLAIN, "robust")
    assert found.normalise is not None
    assert found.normalise.std.flatten().tolist() == [0.25] * 3
    assert strangers(weights) == []


def test_two_normalisers_that_differ_are_refused() -> None:
    weights = _under("model.") | {"normalizer.new_mean": _three(0.5), "normalizer.new_std": _three(0.25)}
    weights |= {"attacker.normalize.new_mean": _three(0.4)}
    with pytest.raises(ModelError, match=r"w\.pt: attacker\.normalize\.new_mean should be a second copy of normal"):
        unwrapped(weights, HERE)


@pytest.mark.parametrize("inner", ["1.", "1.module."])
def test_the_smoothing_codes_come_apart_with_or_without_a_normaliser(inner: str) -> None:
    found = unwrapped(_under(inner), HERE)
    assert (found.weights, found.normalise, found.layout) == (PLAIN, None, "smoothed")
    found = unwrapped(_under(inner) | {"0.means": torch.full((3,), 0.5), "0.sds": torch.full((3,), 0.25)}, HERE)
    assert found.weights == PLAIN
    assert found.normalise is not None
    assert found.normalise.std.flatten().tolist() == [0.25] * 3


@pytest.mark.parametrize("stray", ["model.fc.bias", "attacker.model.fc.bias", "0.weight", "2.weight", "probe"])
def test_what_fits_no_layout_whole_is_left_as_it_is(stray: str) -> None:
    for weights in (_under("1.") | {stray: ONE}, PLAIN | {stray: ONE}):
        assert unwrapped(weights, HERE).weights == weights
        assert unwrapped(weights, HERE).layout == "plain"
    mixed = _under("model.") | {"normalizer.new_mean": ONE, "probe": ONE}
    assert unwrapped(mixed, HERE).weights == mixed
    assert strangers(mixed) == ["probe"]
