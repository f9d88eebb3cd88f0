"""Wanda: weights by magnitude times what enters them, compared within each output.

What: |w| * ||x||, the norm being that of all the weight is multiplied by over training images (a convolution's: at its
  place of the kernel). What is compared is a weight's rank within its output's weights, as a share of them: every
  output, and so every layer, loses the same part, as in the paper; ties by index.
When: a network whose inputs differ much in size, transformers first; a task's images are at hand and no training is.
  Not for pattern channel, whose groups are whole outputs: all are worth the same here.
Cost: a forward pass a batch.
Options: ``batch`` and ``batches``: 128 images as the paper's 128 sequences.
Reference: Sun et al., "A Simple and Effective Pruning Approach for Large Language Models", arXiv 2306.11695. Theirs
  prunes layer after layer and shows each what the pruned ones before it leave; here all see the network as it is.
"""

from collections.abc import Mapping
from typing import ClassVar, final

from torch import Tensor

from tombola.masks.scores._base import Needs, Probe, Score
from tombola.registry import Examples
from tombola.spec import option


@final
class Wanda(Score):
    """The rank of |w| * ||x|| within an output, in (0, 1)."""

    NEEDS: ClassVar[frozenset[Needs]] = frozenset({"data"})
    EXAMPLES: ClassVar[Examples] = ({"batch": 16, "batches": 2},)

    batch: int = option(32, "training images in a batch", ge=1)
    batches: int = option(4, "over how many batches the norms are taken", ge=1)

    def passes(self) -> float:
        return float(self.batch * self.batches)

    def scores(self, weights: Mapping[str, Tensor], probe: Probe) -> dict[str, Tensor]:
        norms = probe.entering(weights, batch=self.batch, batches=self.batches)
        return {name: ranks(weight.detach().abs() * norms[name].sqrt()) for name, weight in weights.items()}


def ranks(worth: Tensor) -> Tensor:
    """The part of its row that each number exceeds, counting half of itself: rows of any length compare.

    >>> import torch
    >>> ranks(torch.tensor([[3.0, 1.0], [7.0, 9.0]]))
    tensor([[0.7500, 0.2500],
            [0.2500, 0.7500]], dtype=torch.float64)
    """
    rows = worth.flatten(1)
    places = rows.argsort(dim=1, stable=True).argsort(dim=1)
    return ((places.double() + 0.5) / rows.shape[1]).view_as(worth)
