"""RIA: a weight's part of its row and of its column, times what enters it.

What: (|w| / sum of its output's + |w| / sum of its input's) * ||x||^a, the norm being that of all the weight is
  multiplied by over training images. A share is taken of each output and of each input, so that no channel is emptied
  because its weights are small. A place of a convolution's kernel counts as an input of its own.
When: as wanda, where whole channels would go otherwise; a task's images are at hand and no training is.
Cost: a forward pass a batch.
Options: ``power`` (a), ``batch`` and ``batches``.
Reference: Zhang et al., "Plug-and-Play: An Efficient Post-training Pruning Method for Large Language Models", ICLR
  2024.
"""

from collections.abc import Mapping
from typing import ClassVar, final

import torch
from torch import Tensor

from tombola.masks.scores._base import Needs, Probe, Score
from tombola.registry import Examples
from tombola.spec import option


def shares(weight: Tensor) -> Tensor:
    """The magnitude of each weight as a part of its row and of its column together, in float64.

    >>> shares(torch.tensor([[1.0, -3.0], [1.0, 1.0]]))
    tensor([[0.7500, 1.5000],
            [1.0000, 0.7500]], dtype=torch.float64)
    """
    size = weight.detach().double().abs().flatten(1)
    rows, columns = size.sum(1, keepdim=True), size.sum(0, keepdim=True)
    smallest = torch.finfo(size.dtype).tiny  # a row of zeros has no part in anything
    return (size / rows.clamp_min(smallest) + size / columns.clamp_min(smallest)).view(weight.shape)


@final
class RIA(Score):
    """Relative importance and activations."""

    NEEDS: ClassVar[frozenset[Needs]] = frozenset({"data"})
    EXAMPLES: ClassVar[Examples] = ({"batch": 16, "batches": 2}, {"batch": 16, "batches": 1, "power": 1.0})

    power: float = option(0.5, "how much the norm of what enters counts: 0 not at all, 1 as it is", ge=0, le=4)
    batch: int = option(32, "training images in a batch", ge=1)
    batches: int = option(4, "over how many batches the norms are taken", ge=1)

    def passes(self) -> float:
        return float(self.batch * self.batches)

    def scores(self, weights: Mapping[str, Tensor], probe: Probe) -> dict[str, Tensor]:
        squares = probe.entering(weights, batch=self.batch, batches=self.batches)
        return {name: shares(weight) * squares[name] ** (self.power / 2) for name, weight in weights.items()}
