"""A small network and batch for objectives, and the loss they are judged by."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tombola.batch import Batch
from tombola.objectives._base import START, Objective


def cross_entropy(outputs: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(outputs, targets, reduction="none")


def small_net() -> nn.Sequential:
    """Three classes from 4 x 4 images, with batch norm; the same weights every time, in training mode."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(16, 3)).train()


def batch() -> tuple[Tensor, Tensor]:
    drawn = torch.Generator().manual_seed(1)
    return torch.rand((6, 3, 4, 4), generator=drawn), torch.tensor([0, 1, 2, 0, 1, 2])


def loss_of(
    objective: Objective, model: nn.Module, x: Tensor, targets: Tensor, *, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """The objective's loss and outputs for these images, at the start of a training."""
    return objective.loss(model, Batch(x, targets), cross_entropy, at=START, generator=generator)


def rng(seed: int = 3) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def same_gradients(one: nn.Module, other: nn.Module) -> bool:
    """Whether both have the same gradient everywhere, to the last digits."""
    pairs = zip(one.parameters(), other.parameters(), strict=True)
    return all(
        a.grad is not None and b.grad is not None and torch.allclose(a.grad, b.grad, atol=1e-6) for a, b in pairs
    )
