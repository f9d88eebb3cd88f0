"""Gradient: how much a weight would change the loss per unit it moves, whether it is there or not.

What: |g|, g being the mean gradient of the task's loss over some training batches, under which no weight moves. A
  pruned weight, which is 0, has one like any other.
When: to say which pruned weights should come back (the change ``regrow``); what is there is better ranked by ``snip``.
Cost: a forward and a backward pass for each batch.
Options: ``batch`` and ``batches``, how many images and how often.
Reference: Evci et al., "Rigging the Lottery: Making All Tickets Winners" (RigL), ICML 2020, arXiv 1911.11134.
"""

from collections.abc import Mapping
from typing import ClassVar, final

from torch import Tensor

from tombola.masks.scores._base import Needs, Probe, Score, leaves, mean_gradients
from tombola.spec import option


@final
class Gradient(Score):
    """|mean gradient|."""

    NEEDS: ClassVar[frozenset[Needs]] = frozenset({"data"})

    batch: int = option(64, "training images in a batch", ge=1)
    batches: int = option(1, "over how many batches the gradient is averaged", ge=1)

    def passes(self) -> float:
        return 3 * self.batch * self.batches

    def scores(self, weights: Mapping[str, Tensor], probe: Probe) -> dict[str, Tensor]:
        own = leaves(weights)
        means = mean_gradients(own, probe, batch=self.batch, batches=self.batches)
        return {name: mean.abs() for name, mean in means.items()}
