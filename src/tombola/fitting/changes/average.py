"""An exponential moving average of the weights, which is kept in place of the weights that are trained.

What: after every step the floating-point state moves a little towards the trained one; counters are copied. The decay
  grows with the step, min(decay, (1 + n) / (10 + n)), so that a short training is not ruled by its start. Weights that
  are pruned average to exactly 0; those that come back begin where they do. It is what the fit's option ``ema`` asks
  for.
When: the last steps of a training are noisy, as under a constant learning rate or adversarial training.
Cost: a second copy of the weights, and reading and writing them once a step.
Options: ``decay``.
Reference: Polyak & Juditsky, 1992; for adversarial training Rebuffi et al., arXiv 2103.01946.
"""

from collections.abc import Mapping
from typing import ClassVar, final

import torch
from torch import Tensor

from tombola.fitting.changes._base import Change, Changing, Edit, Given
from tombola.models.network import Network
from tombola.registry import Examples
from tombola.spec import option


@final
class Average(Change):
    """Keeps the average."""

    ARGUMENT: ClassVar[str | None] = "decay"
    EXAMPLES: ClassVar[Examples] = ({"decay": 0.5},)

    decay: float = option(0.999, "how much of the average stays at each step, in the long run", gt=0, lt=1)

    def begin(self, given: Given) -> Changing:
        return Averaging(given.network, self.decay)


class Averaging(Changing):
    """The average of a network's floating-point state; counters are copied. The network is not changed."""

    def __init__(self, network: Network, decay: float) -> None:
        self.decay = decay
        self._follow(network)
        self.values = {name: tensor.detach().clone() for name, tensor in self._live.items()}

    @torch.no_grad()
    def after_step(self, step: int) -> None:
        weight = 1 - min(self.decay, (1 + step) / (10 + step))
        mine = [self.values[name] for name in self._floats]
        torch._foreach_lerp_(mine, [self._live[name] for name in self._floats], weight)
        for name in self._live.keys() - set(self._floats):
            self.values[name].copy_(self._live[name])

    @torch.no_grad()
    def edited(self, edit: Edit) -> None:
        before, kept = self.values, edit.kept
        if edit.alike is not None:
            before, kept = dict(edit.alike(before)), {}
        self._follow(edit.network)
        self.values = {name: _carried(name, tensor, before, kept).clone() for name, tensor in self._live.items()}
        for name, mask in (edit.masks or {}).items():
            value = self.values[f"body.{name}"]
            value.masked_fill_(~mask.to(value.device), 0.0)
        for name, begun in edit.revived.items():
            self.values[f"body.{name}"].add_(begun.to(self.values[f"body.{name}"].device))

    def candidate(self) -> dict[str, Tensor]:
        return self.values

    def tensors(self) -> dict[str, Tensor]:
        return self.values

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        for name, tensor in self.values.items():
            tensor.copy_(tensors[name])

    def _follow(self, network: Network) -> None:
        self._live = network.state_dict()
        self._floats = [name for name, tensor in self._live.items() if tensor.is_floating_point()]


def _carried(name: str, now: Tensor, before: Mapping[str, Tensor], kept: Mapping[str, Tensor]) -> Tensor:
    """The average of a tensor as it is now: what is left of the one before, else the tensor itself."""
    if name not in before:
        return now.detach()
    if name in kept:
        return before[name].reshape(-1)[kept[name].to(now.device)]
    return before[name] if before[name].shape == now.shape else now.detach()
