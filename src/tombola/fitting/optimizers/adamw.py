"""AdamW: Adam with decoupled weight decay.

What: Adam with decoupled weight decay.
When: transformers, and small data where SGD's learning rate is hard to choose.
Cost: two values of state a weight.
Options: lr, beta1, beta2, eps, weight_decay, spare_vectors.
Reference: Loshchilov and Hutter, ICLR 2019; torch.optim.AdamW.
"""

from collections.abc import Iterable

import torch
from torch import nn

from tombola.fitting.optimizers._base import Optimizer
from tombola.fitting.optimizers._groups import decay_groups, fusable
from tombola.spec import option


class AdamW(Optimizer):
    """Adam with decoupled weight decay."""

    lr: float = option(1e-3, "the base learning rate, which the schedule multiplies", gt=0)
    beta1: float = option(0.9, "memory of the gradient's mean", ge=0, lt=1)
    beta2: float = option(0.999, "memory of the gradient's square", ge=0, lt=1)
    eps: float = option(1e-8, "added to the denominator", gt=0)
    weight_decay: float = option(0.01, "pull of every weight towards zero, times the learning rate", ge=0)
    spare_vectors: bool = option(
        default=True, help="no weight decay on biases and on the scales of normalisation layers"
    )

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        given = list(parameters)
        return torch.optim.AdamW(
            decay_groups(given, self.weight_decay, spare_vectors=self.spare_vectors),
            lr=self.lr,
            betas=(self.beta1, self.beta2),
            eps=self.eps,
            fused=fusable(given),
        )
