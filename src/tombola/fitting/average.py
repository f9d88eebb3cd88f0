"""An exponential moving average of the weights, beside the weights that are trained."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn


class Average:
    """The average of a network's floating-point state; counters are copied. The network is not changed.

    The decay grows with the step, min(decay, (1 + n) / (10 + n)), so that a short training is not ruled by its start.
    Weights that are exactly 0 at every step average to exactly 0.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self._live = network.state_dict()
        self.values = {name: tensor.detach().clone() for name, tensor in self._live.items()}
        self._floats = [name for name, tensor in self._live.items() if tensor.is_floating_point()]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after ``step`` (counted from 0)."""
        weight = 1 - min(self.decay, (1 + step) / (10 + step))
        mine = [self.values[name] for name in self._floats]
        torch._foreach_lerp_(mine, [self._live[name] for name in self._floats], weight)
        for name in self._live.keys() - set(self._floats):
            self.values[name].copy_(self._live[name])

    def restore(self, values: Mapping[str, Tensor]) -> None:
        """Continue from stored values."""
        for name, tensor in self.values.items():
            tensor.copy_(values[name])
