"""A model comes back from crafting exactly as it went in."""

import pytest
import torch
from torch import nn

from tombola.attacks._crafting import BatchNormMode, crafting

from .toys import toy_net


def mixed_net() -> nn.Sequential:
    """A net with layers in different modes, one frozen weight and one gradient already there."""
    net = toy_net().train()
    net[1].eval()
    net.get_parameter("3.weight").requires_grad = False
    net.get_parameter("8.weight").grad = torch.full((4, 20), 2.0)
    return net


def state(net: nn.Module) -> tuple[list[bool], list[bool], list[bool]]:
    return (
        [module.training for module in net.modules()],
        [parameter.requires_grad for parameter in net.parameters()],
        [parameter.grad is None for parameter in net.parameters()],
    )


@pytest.mark.parametrize("bn", ["eval", "train"])
def test_everything_comes_back_also_after_an_error(bn: BatchNormMode) -> None:
    net = mixed_net()
    before = state(net)
    with pytest.raises(RuntimeError, match="stop"):
        _stop_inside(net, bn, [False] * 10 if bn == "eval" else before[0])
    assert state(net) == before
    gradient = net.get_parameter("8.weight").grad
    assert gradient is not None
    assert bool((gradient == 2).all())


def _stop_inside(net: nn.Module, bn: BatchNormMode, modes: list[bool]) -> None:
    with crafting(net, bn):
        inside = state(net)
        assert inside[0] == modes
        assert not any(inside[1])
        raise RuntimeError("stop")


def test_gradients_are_on_inside_and_off_again_outside() -> None:
    with torch.no_grad():
        with crafting(nn.Identity(), "eval"):
            assert torch.is_grad_enabled()
        assert not torch.is_grad_enabled()
