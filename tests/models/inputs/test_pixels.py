"""Pixels: shifted and scaled a channel, and the images themselves are what moves."""

import pytest
import torch
from torch import nn

from tombola.errors import ModelError, RequestError
from tombola.models.inputs._base import Input
from tombola.models.inputs.pixels import Normalise, Pixels
from tombola.models.network import Network


def test_the_normaliser_is_the_first_layer() -> None:
    network = Network(nn.Sequential(nn.Flatten(), nn.Linear(3, 3)), Normalise((0.5,) * 3, (0.25,) * 3), source="x")
    x = torch.rand(2, 3, 1, 1)
    assert torch.equal(network(x), network.body((x - 0.5) / 0.25))
    assert network.normalise.continuous(network.body, x) is x
    assert list(network.normalise.state_dict()) == ["mean", "std"]


@pytest.mark.parametrize(("mean", "std"), [((0.5,), (0.5, 0.5)), ((0.0,), (0.0,)), ((), ())])
def test_a_normaliser_that_cannot_be_is_refused(mean: tuple[float, ...], std: tuple[float, ...]) -> None:
    with pytest.raises(ModelError, match="one positive std"):
        Normalise(mean, std)


def test_the_member_makes_the_layer() -> None:
    made = Pixels(mean=(0.5, 0.4), std=(0.2, 0.1)).layer(nn.Identity(), generator=torch.Generator())
    assert made.state_dict()["std"].flatten().tolist() == pytest.approx([0.2, 0.1])
    with pytest.raises(RequestError, match="one positive std for each channel"):
        Input.parse({"name": "pixels", "mean": [0.5]})
