"""SGD: stochastic gradient descent with momentum.

What: stochastic gradient descent with momentum, as torch defines it (the decay is added to the gradient).
When: convolutional networks; every recipe of the lottery-ticket papers uses it.
Cost: one value of state a weight.
Options: lr, momentum, nesterov, weight_decay, spare_vectors.
Reference: Sutskever et al., ICML 2013; torch.optim.SGD.
"""

from collections.abc import Iterable

import torch
from torch import nn

from tombola.fitting.optimizers._base import Optimizer
from tombola.fitting.optimizers._groups import decay_groups, fusable
from tombola.spec import option


class SGD(Optimizer):
    """SGD with momentum."""

    momentum: float = option(0.9, "how much of the last step is carried on", ge=0, lt=1)
    nesterov: bool = option(default=False, help="look ahead along the momentum")
    weight_decay: float = option(1e-4, "pull of every weight towards zero", ge=0)
    spare_vectors: bool = option(
        default=False, help="no weight decay on biases and on the scales of normalisation layers"
    )

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        given = list(parameters)
        return torch.optim.SGD(
            decay_groups(given, self.weight_decay, spare_vectors=self.spare_vectors),
            lr=self.lr,
            momentum=self.momentum,
            nesterov=self.nesterov and self.momentum > 0,
            fused=fusable(given),
        )
