"""Members broken on purpose: one thing about a good member made wrong, and the check that must see it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor

from tombola.models.network import Network

from .room import Check

Method: TypeAlias = Callable[..., Any]
NAN = float("nan")


@dataclass(frozen=True)
class Fault:
    """What is wrong with a member: the method it replaces, by what, and the check that fails."""

    what: str
    of: str
    method: str
    made: Callable[[Method], Method]
    seen_by: Check


def gives(change: Callable[[Any], Any]) -> Callable[[Method], Method]:
    """What the method gives, changed."""
    return lambda method: lambda self, *args, **options: change(method(self, *args, **options))


def first(does: Callable[..., object]) -> Callable[[Method], Method]:
    """The method after something was done to what it is given."""

    def made(method: Method) -> Method:
        def broken(self: Any, *args: Any, **options: Any) -> Any:
            does(*args)
            return method(self, *args, **options)

        return broken

    return made


def raises(method: Method) -> Method:
    """A body that raises."""

    def broken(*args: Any, **options: Any) -> Any:
        raise ValueError("broken on purpose")

    return broken


@torch.no_grad()
def shake(model: torch.nn.Module, *rest: Any) -> None:
    """Change a weight of the model that was given."""
    next(iter(model.parameters())).view(-1)[0] += 1.0


def luck(like: Tensor) -> Tensor:
    """Noise from torch's own generator."""
    return like + 1e-3 * torch.rand_like(like)


def filled(network: Network, value: float) -> Network:
    """Every parameter of its body made ``value``."""
    with torch.no_grad():
        for parameter in network.body.parameters():
            parameter.fill_(value)
    return network
