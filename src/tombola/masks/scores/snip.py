"""SNIP: what a weight's removal would change the loss by, to first order.

What: |w * g|, g being the mean gradient of the task's loss over some training batches, under which no weight moves.
  The paper divides by the sum over all weights, which changes no order. A group is worth its weights' mean.
When: one-shot pruning for a task when magnitudes say little, as before any training on it.
Cost: a forward and a backward pass for each batch.
Options: ``batch`` and ``batches``, how many images and how often; the paper takes one batch.
Reference: Lee, Ajanthan & Torr, "SNIP: Single-shot Network Pruning based on Connection Sensitivity", arXiv 1810.02340.
"""

from collections.abc import Mapping
from typing import ClassVar, final

from torch import Tensor

from tombola.masks.scores._base import Needs, Probe, Score, leaves, mean_gradients
from tombola.spec import option


@final
class SNIP(Score):
    """|w * mean gradient|."""

    NEEDS: ClassVar[frozenset[Needs]] = frozenset({"data"})

    batch: int = option(128, "training images in a batch", ge=1)
    batches: int = option(1, "over how many batches the gradient is averaged", ge=1)

    def passes(self) -> float:
        return 3 * self.batch * self.batches

    def scores(self, weights: Mapping[str, Tensor], probe: Probe) -> dict[str, Tensor]:
        own = leaves(weights)
        means = mean_gradients(own, probe, batch=self.batch, batches=self.batches)
        return {name: (own[name].detach() * mean).abs() for name, mean in means.items()}
