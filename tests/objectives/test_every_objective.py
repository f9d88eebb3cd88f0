"""What every objective keeps: one result a generator, modes and flags as given, gradients for the weights alone."""

from typing import Any

import pytest
import torch
from tests.objectives.toys import batch, cross_entropy, rng, same_gradients, small_net
from torch import Tensor, nn

from tombola.objectives._base import Objective

KINDS: dict[str, Any] = {name: name for name in Objective.family.names()}
KINDS["mixture of three"] = {"name": "mixture", "parts": {"noise": 1, "trades": 0.5, "fast": 2}}
RANDOM = sorted(set(KINDS) - {"natural", "free"})


def trained(kind: str, seed: int = 3, **images: Any) -> tuple[nn.Module, Tensor]:
    """The toy network after one backward, and the loss."""
    net = small_net()
    x, targets = batch()
    loss, outputs = Objective.parse(KINDS[kind]).loss(net, x.to(**images), targets, cross_entropy, generator=rng(seed))
    assert outputs.shape == (6, 3)
    assert loss.dim() == 0
    torch.autograd.backward(loss)
    return net, loss.detach()


@pytest.mark.parametrize("kind", KINDS)
def test_the_generator_decides_everything(kind: str) -> None:
    before = torch.get_rng_state()
    (one, loss), (other, again) = trained(kind), trained(kind)
    assert torch.equal(loss, again)
    assert same_gradients(one, other)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("kind", RANDOM)
def test_another_generator_is_another_draw(kind: str) -> None:
    assert not torch.equal(trained(kind)[1], trained(kind, seed=4)[1])


@pytest.mark.parametrize("kind", KINDS)
def test_modes_and_flags_come_back_and_nothing_given_is_changed(kind: str) -> None:
    net = small_net()
    net[1].eval()
    net[4].get_parameter("bias").requires_grad = False
    (x, targets), weights = batch(), {name: tensor.clone() for name, tensor in net.named_parameters()}
    loss, _ = Objective.parse(KINDS[kind]).loss(net, x, targets, cross_entropy, generator=rng())
    torch.autograd.backward(loss)
    assert [module.training for module in net.modules()] == [True, True, False, True, True, True]
    assert [parameter.requires_grad for parameter in net.parameters()] == [True, True, True, True, True, False]
    assert torch.equal(x, batch()[0])
    assert not x.requires_grad
    assert all(torch.equal(weights[name], tensor) for name, tensor in net.named_parameters())


@pytest.mark.parametrize("kind", KINDS)
def test_the_memory_format_changes_nothing(kind: str) -> None:
    (one, loss), (other, again) = trained(kind), trained(kind, memory_format=torch.channels_last)
    assert torch.allclose(loss, again, atol=1e-5)
    assert all(torch.allclose(a.grad, b.grad, atol=1e-4) for a, b in _pairs(one, other))


@pytest.mark.parametrize("kind", KINDS)
def test_it_runs_under_bfloat16_with_float32_gradients(kind: str) -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        net, loss = trained(kind)
    assert loss.isfinite()
    assert all(p.grad is not None and p.grad.dtype == torch.float32 and p.grad.isfinite().all() for p in _all(net))


def _all(net: nn.Module) -> list[nn.Parameter]:
    return list(net.parameters())


def _pairs(one: nn.Module, other: nn.Module) -> list[tuple[Any, Any]]:
    return list(zip(one.parameters(), other.parameters(), strict=True))
