"""Soft activations: every ReLU begins smooth, x * sigmoid(beta x), and is sharpened until it is a ReLU again.

What: beta rises from ``begin_at`` to ``sharp`` by equal ratios until ``end`` of the training; from there on the ReLUs
  are the net's own, and nothing of this is left. The largest difference to a ReLU is 0.278 / beta. What validation
  chose before is forgotten there, as of another network.
When: a sparse network is trained from random weights, where dead ReLUs starve what few weights there are (ToST). Not
  proven here: over six epochs nothing could be measured. Batch norm's statistics are those of smooth activations until
  ``end``, so at least 0.3 of the training is left behind it.
Cost: a sigmoid an activation while it is smooth.
Options: ``begin_at`` and ``sharp``, of beta (1 is SiLU); ``end``, a part of the training. Only ReLUs that are modules
  can be found; a net without any is refused, and so is one that calls others as functions, by their modules' names.
Reference: Jaiswal et al., "Training Your Sparse Neural Network Better with Any Mask" (ToST), ICML 2022, arXiv
  2206.12755. The released code never sharpens; the paper says "early stage": the rise is ours.
"""

from collections.abc import Sequence
from typing import ClassVar, Final, Self, final

from pydantic import model_validator
from torch import Tensor, nn
from torch.nn import functional as F

from tombola.errors import RequestError
from tombola.fitting.changes._aids import Aid, Aided, Aiding
from tombola.fitting.changes._base import Change, Changing, Given
from tombola.fitting.changes._seen import relus_without_a_module
from tombola.models.network import Network
from tombola.objectives._base import Progress
from tombola.registry import Examples
from tombola.spec import option


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

    @property
    def stands_until(self) -> float:
        return self.end

    def begin(self, given: Given) -> Changing:
        body = given.network.body
        called = f"soft_activations: {type(body).__name__} ({given.network.source})"
        if not any(isinstance(module, nn.ReLU | Soft) for module in body.modules()):
            raise RequestError(
                f"{called} has no ReLU that is a module, so its activations cannot be found; leave the change out, or"
                " write them as nn.ReLU"
            )
        if hidden := relus_without_a_module(given):
            raise RequestError(
                f"{called} calls ReLUs as functions, which cannot be found, in {', '.join(hidden)}; leave the change"
                " out, or write them as nn.ReLU"
            )
        return Aiding(Smooth(self))


class Soft(Aid):
    """x * sigmoid(beta x), beta being its amount."""

    def forward(self, x: Tensor) -> Tensor:
        """As SiLU of beta x over beta: it keeps one map for its gradient, where the product keeps two."""
        beta = self.amount.to(x.dtype)
        return F.silu(beta * x) / beta


@final
class Smooth(Aided):
    """Every ReLU of the body a `Soft` one."""

    def __init__(self, options: SoftActivations) -> None:
        self._options: Final = options

    def amount(self, progress: Progress) -> float | None:
        return self._options.beta(progress)

    def put_in(self, network: Network) -> None:
        _replace(network, nn.ReLU, Soft)

    def take_out(self, network: Network) -> None:
        _replace(network, Soft, nn.ReLU)

    def found(self, network: Network) -> Sequence[Aid]:
        return [module for module in network.body.modules() if isinstance(module, Soft)]


def _replace(network: Network, old: type[nn.Module], new: type[nn.Module]) -> None:
    device = next(network.parameters()).device
    made: dict[nn.Module, nn.Module] = {}  # one that stands in several places stays one
    for parent in list(network.body.modules()):
        for name, module in list(parent._modules.items()):
            if isinstance(module, old):
                parent._modules[name] = made.setdefault(module, new().to(device).train(module.training))
