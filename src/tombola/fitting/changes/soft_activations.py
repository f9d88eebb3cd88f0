"""Soft activations: every ReLU begins smooth, x * sigmoid(beta x), and is sharpened until it is a ReLU again.

What: beta rises from ``begin_at`` to ``sharp`` by equal ratios until ``end`` of the training; from there on the ReLUs
  are the net's own, and nothing of this is left. The largest difference to a ReLU is 0.278 / beta. What validation
  chose before is forgotten there, as of another network.
When: a sparse network is trained from random weights, where dead ReLUs starve what few weights there are (ToST). Not
  proven here: over six epochs nothing could be measured. Batch norm's statistics are those of smooth activations until
  ``end``, so at least 0.3 of the training is left behind it.
Cost: a sigmoid an activation while it is smooth.
Options: ``begin_at`` and ``sharp``, of beta (1 is SiLU); ``end``, a part of the training. Only ReLUs that are modules
  can be found; a net without any is refused.
Reference: Jaiswal et al., "Training Your Sparse Neural Network Better with Any Mask" (ToST), ICML 2022, arXiv
  2206.12755. The released code never sharpens; the paper says "early stage": the rise is ours.
"""

from collections.abc import Mapping
from typing import ClassVar, Final, Self, final

import torch
from pydantic import model_validator
from torch import Tensor, nn

from tombola.errors import RequestError
from tombola.fitting.changes._base import Change, Changing, Edit, Given
from tombola.models.network import Network
from tombola.objectives._base import Progress
from tombola.registry import Examples
from tombola.spec import option

_MARK: Final = ".softness"
"""Ends the names of what a smooth network has in its state and the plain one lacks."""


@final
class SoftActivations(Change):
    """ReLUs that begin smooth."""

    EXAMPLES: ClassVar[Examples] = ({}, {"begin_at": 2.0, "sharp": 8.0, "end": 0.3})

    begin_at: float = option(1.0, "beta at first; 1 is SiLU", gt=0, le=1000)
    sharp: float = option(20.0, "beta where the ReLUs come back", gt=0, le=1000)
    end: float = option(0.5, "when they come back, as a part of the training", gt=0, le=0.7)

    @model_validator(mode="after")
    def _sharper(self) -> Self:
        if self.begin_at > self.sharp:
            raise ValueError(f"begin_at={self.begin_at:g} is above sharp={self.sharp:g}; activations get sharper")
        return self

    def beta(self, progress: Progress) -> float | None:
        """Before a step; None where ReLUs are ReLUs."""
        way = progress.step / (self.end * progress.steps)
        return self.begin_at * (self.sharp / self.begin_at) ** way if way < 1 else None

    def begin(self, given: Given) -> Changing:
        if not any(isinstance(module, nn.ReLU | Soft) for module in given.network.body.modules()):
            raise RequestError(
                f"soft_activations: {type(given.network.body).__name__} ({given.network.source}) has no ReLU that is a"
                " module, so its activations cannot be found; leave the change out, or write them as nn.ReLU"
            )
        return Sharpening(self)


class Soft(nn.Module):
    """x * sigmoid(beta x), beta in its state."""

    softness: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("softness", torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(self.softness.to(x.dtype) * x)


class Sharpening(Changing):
    """`SoftActivations` at work; whether the network is smooth is seen on it."""

    def __init__(self, options: SoftActivations) -> None:
        self._options: Final = options
        self._own: list[Soft] = []

    def at(self, given: Given, progress: Progress) -> Edit | None:
        beta, smooth = self._options.beta(progress), any(isinstance(one, Soft) for one in given.network.modules())
        if beta is None:
            return Edit(_hard(given.network.copy()), given.masks) if smooth else None
        if not smooth:
            return Edit(_set(_soft(given.network.copy()), beta), given.masks)
        for module in self._own:
            module.softness.fill_(beta)
        return None

    def edited(self, edit: Edit) -> None:
        self._own = [module for module in edit.network.modules() if isinstance(module, Soft)]

    def finish(self, network: Network) -> Network:
        return _hard(network)

    def resumed(self, network: Network, tensors: Mapping[str, Tensor]) -> Network:
        return _soft(network) if any(name.endswith(_MARK) for name in tensors) else network


def _soft(network: Network) -> Network:
    """The network with every ReLU of its body smooth, changed in place."""
    return _replaced(network, nn.ReLU, Soft)


def _hard(network: Network) -> Network:
    """The inverse of `_soft`."""
    return _replaced(network, Soft, nn.ReLU)


def _replaced(network: Network, old: type[nn.Module], new: type[nn.Module]) -> Network:
    device = next(network.parameters()).device
    made: dict[nn.Module, nn.Module] = {}  # one that stands in several places stays one
    for parent in list(network.body.modules()):
        for name, module in list(parent._modules.items()):
            if isinstance(module, old):
                parent._modules[name] = made.setdefault(module, new().to(device).train(module.training))
    return network


def _set(network: Network, beta: float) -> Network:
    for module in network.modules():
        if isinstance(module, Soft):
            module.softness.fill_(beta)
    return network
