"""A forward pass counted: the multiply-adds of a net that no attack can move, backwards included."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from .room import rng

IMAGES, SIDE = 2, 6


class Sure(nn.Module):
    """Gives class 0 whatever it sees, so that no attack succeeds; nearly all its work is in inner layers."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 64, 1)
        self.inner = nn.Sequential(*(nn.Conv2d(64, 64, 3, padding=1) for _ in range(4)))
        self.head = nn.Linear(64, 4)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.head(self.inner(self.first(x)).mean((2, 3)))
        return 0.001 * out + torch.tensor([9.0, 0.0, 0.1, 0.2])


class Counting(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch leaves it untyped
    """Counts floating-point operations, backwards included; torch's own counter cannot see attacks' gradients."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # likewise
        self.total: int = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        if (rule := flop_registry.get(func._overloadpacket)) is not None:
            self.total += rule(*args, **kwargs, out_val=out)
        return out

    @property
    def passes(self) -> float:
        """In forward passes of the batch of `forward`."""
        return self.total / _one()


def forward() -> tuple[Sure, Tensor, Tensor]:
    """The net, two images, and class 0 for both."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = Sure()
    return net, torch.rand(IMAGES, 3, SIDE, SIDE, generator=rng()), torch.zeros(IMAGES, dtype=torch.int64)


@contextmanager
def counted() -> Iterator[Counting]:
    """What is computed inside."""
    with Counting() as counter:
        yield counter


@cache
def _one() -> int:
    net, x, _ = forward()
    with Counting() as counter, torch.no_grad():
        net(x)
    return int(counter.total)
