"""Movement: weights that training moves away from zero stay, those it moves towards zero go.

What: S = -sum over steps of g * w, while copies of the scored weights take plain SGD steps on the task's loss; head,
  biases and batch norm do not move, nor does a weight that is zero. The weights given stay as they are.
When: a pretrained network whose magnitudes tell of the old task, not of this one.
Cost: a forward and a backward pass a step.
Options: ``steps`` and ``batch``, how long; ``lr`` of the steps.
Reference: Sanh, Wolf & Rush, "Movement Pruning: Adaptive Sparsity by Fine-Tuning", arXiv 2005.07683, the first-order
  score; theirs is learned during all of finetuning, ours in ``steps`` before it.
"""

from collections.abc import Mapping
from typing import ClassVar, final

import torch
from torch import Tensor

from tombola.masks.scores._base import Needs, Probe, Score, gradients, leaves
from tombola.registry import Examples
from tombola.spec import option


@final
class Movement(Score):
    """-sum of g * w along SGD; any sign."""

    NEEDS: ClassVar[frozenset[Needs]] = frozenset({"data"})
    EXAMPLES: ClassVar[Examples] = ({"steps": 5, "batch": 16},)

    lr: float = option(0.01, "learning rate of the SGD steps that the scored weights take", gt=0)
    steps: int = option(100, "how many steps", ge=1)
    batch: int = option(64, "training images in a batch", ge=1)

    def passes(self) -> float:
        return 3 * self.batch * self.steps

    def scores(self, weights: Mapping[str, Tensor], probe: Probe) -> dict[str, Tensor]:
        own = leaves(weights)
        moving = {name: weight.detach() != 0 for name, weight in own.items()}
        sums = {name: torch.zeros_like(weight, dtype=torch.float64) for name, weight in own.items()}
        for loss in probe.losses(own, batch=self.batch, batches=self.steps):
            for name, gradient in zip(own, gradients(loss, own), strict=True):
                weight = own[name].detach()  # the same memory: the next loss is that of the moved weight
                sums[name] -= (gradient * weight).double()
                weight.sub_(gradient * moving[name], alpha=self.lr)
        return sums
