"""Taylor: the squared change of the loss that a weight's removal makes, to first order.

What: the mean over training batches of (g * w) squared, g being the gradient of that batch's loss. Where SNIP lets
  gradients of different batches cancel, this does not. A group is worth its weights' mean.
When: structured patterns (it was made for channels), for a task the network already does well.
Cost: a forward and a backward pass for each batch.
Options: ``batch`` and ``batches``.
Reference: Molchanov et al., "Importance Estimation for Neural Network Pruning", arXiv 1906.10771, equation 8.
"""

from collections.abc import Mapping
from typing import ClassVar, final

import torch
from torch import Tensor

from tombola.masks.scores._base import Needs, Probe, Score, gradients, leaves
from tombola.spec import option


@final
class Taylor(Score):
    """Mean of (g * w) squared."""

    NEEDS: ClassVar[frozenset[Needs]] = frozenset({"data"})

    batch: int = option(32, "training images in a batch", ge=1)
    batches: int = option(16, "over how many batches the squares are averaged", ge=1)

    def passes(self) -> float:
        return 3 * self.batch * self.batches

    def scores(self, weights: Mapping[str, Tensor], probe: Probe) -> dict[str, Tensor]:
        own = leaves(weights)
        means = {name: torch.zeros_like(weight, dtype=torch.float64) for name, weight in own.items()}
        for loss in probe.losses(own, batch=self.batch, batches=self.batches):
            for name, gradient in zip(own, gradients(loss, own), strict=True):
                means[name] += (gradient * own[name].detach()).double().square() / self.batches
        return means
