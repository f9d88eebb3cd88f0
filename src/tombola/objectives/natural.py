"""Natural training: the mean loss on the images as they are.

What: The criterion's mean over the batch.
When: Ordinary pretraining, IMP, ordinary finetuning: the baseline every other objective is compared with.
Cost: One forward and one backward a batch.
Options: none.
Reference: the usual empirical risk.
"""

import torch
from torch import nn

from tombola.attacks._base import Criterion
from tombola.batch import Batch
from tombola.objectives._base import Found, Objective, Progress


class Natural(Objective):
    """The mean loss on the images as they are."""

    def loss(
        self, model: nn.Module, batch: Batch, criterion: Criterion, *, at: Progress, generator: torch.Generator
    ) -> Found:
        outputs = model(batch.x, **batch.more)
        return Found(criterion(outputs, batch.targets).mean(), outputs)

    def passes(self, classes: int, *, body: bool = True) -> float:
        return 3 if body else 1
