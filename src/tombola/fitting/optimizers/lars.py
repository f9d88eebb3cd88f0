"""LARS: SGD whose step on each weight tensor is as long as the tensor is, so that large batches can be used.

What: the decayed gradient g + weight_decay * w of a tensor is multiplied by trust * |w| / |g + weight_decay * w|, and
   then goes through momentum as in SGD; a tensor or gradient of zeros is not scaled. Biases and the scales of
   normalisation layers are neither scaled nor decayed. Norms are of the whole tensor, pruned weights being 0 in both.
When: contrastive pretraining at batches of 256 and more.
Cost: one value of state a weight; two norms a tensor.
Options: lr, momentum, trust, weight_decay.
Reference: You et al., Large Batch Training of Convolutional Networks, arXiv 1708.03888; as SimCLR uses it, arXiv
   2002.05709.
"""

from collections.abc import Iterable
from typing import Any, final

import torch
from torch import Tensor, nn

from tombola.fitting.optimizers._base import Optimizer
from tombola.fitting.optimizers._groups import decay_groups
from tombola.spec import option


@final
class Lars(Optimizer):
    """SGD with momentum and a trust ratio a tensor."""

    momentum: float = option(0.9, "how much of the last step is carried on", ge=0, lt=1)
    trust: float = option(0.001, "how long a step is against the tensor, before the learning rate", gt=0)
    weight_decay: float = option(1e-6, "pull of every weight towards zero, vectors aside", ge=0)

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        groups = decay_groups(parameters, self.weight_decay, spare_vectors=True)
        return _Scaled(groups, self.trust, lr=self.lr, momentum=self.momentum)


class _Scaled(torch.optim.SGD):
    """Torch's SGD on gradients that were scaled before."""

    def __init__(self, groups: Any, trust: float, *, lr: float, momentum: float) -> None:
        super().__init__(groups, lr=lr, momentum=momentum)
        self._trust = trust

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        decays = [group["weight_decay"] for group in self.param_groups]
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None and parameter.ndim > 1:
                    parameter.grad = scaled(parameter, parameter.grad, group["weight_decay"], self._trust)
            group["weight_decay"] = 0.0  # it is in the gradients
        try:
            return super().step(closure)
        finally:
            for group, decay in zip(self.param_groups, decays, strict=True):
                group["weight_decay"] = decay


def scaled(weight: Tensor, gradient: Tensor, decay: float, trust: float) -> Tensor:
    """The decayed gradient, ``trust`` times as long as the weight; as long as it is where either has no length.

    >>> scaled(torch.tensor([[3.0, 4.0]]), torch.tensor([[0.0, 10.0]]), 0.0, 0.1)
    tensor([[0.0000, 0.5000]])
    """
    whole = gradient.add(weight, alpha=decay)
    long, step = weight.norm(), whole.norm()
    return whole * torch.where((long > 0) & (step > 0), trust * long / step.clamp_min(1e-30), 1.0)
