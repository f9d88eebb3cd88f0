"""What every objective keeps beside the contract suite: a draw a generator, and no matter how images lie in memory."""

from pathlib import Path
from typing import Any

import pytest
import torch
from tests.objectives.toys import batch, loss_of, rng, small_net
from torch import Tensor, nn

from tombola.objectives._base import Objective

KINDS = {
    f"{name} {number}": one
    for name, member in Objective.family.members().items()
    for number, one in enumerate(member.examples(Path()))
    if isinstance(one, Objective)
}
"""Every example of every objective."""


def trained(kind: str, seed: int = 3, **images: Any) -> tuple[nn.Module, Tensor]:
    """The toy network after one backward, and the loss."""
    net = small_net()
    x, targets = batch()
    loss, outputs = loss_of(KINDS[kind], net, x.to(**images), targets, generator=rng(seed))
    assert outputs.shape == (6, 3)
    assert loss.dim() == 0
    torch.autograd.backward(loss)
    return net, loss.detach()


@pytest.mark.parametrize("kind", ["adversarial 0", "fast 0", "noise 0", "trades 0", "mixture 0"])
def test_another_generator_is_another_draw(kind: str) -> None:
    assert not torch.equal(trained(kind)[1], trained(kind, seed=4)[1])


@pytest.mark.parametrize("kind", KINDS)
def test_the_memory_format_changes_nothing(kind: str) -> None:
    (one, loss), (other, again) = trained(kind), trained(kind, memory_format=torch.channels_last)
    assert torch.allclose(loss, again, atol=1e-5)
    assert all(torch.allclose(a.grad, b.grad, atol=1e-4) for a, b in _pairs(one, other))


def _pairs(one: nn.Module, other: nn.Module) -> list[tuple[Any, Any]]:
    return list(zip(one.parameters(), other.parameters(), strict=True))
