"""Natural training: the mean loss on the images as they are.

What: The criterion's mean over the batch.
When: Ordinary pretraining, IMP, ordinary finetuning: the baseline every other objective is compared with.
Cost: One forward and one backward a batch.
Options: none.
Reference: the usual empirical risk.
"""

import torch
from torch import Tensor, nn

from tombola.attacks._base import Criterion
from tombola.objectives._base import Objective


class Natural(Objective):
    """The mean loss on the images as they are."""

    def loss(
        self, model: nn.Module, x: Tensor, targets: Tensor, criterion: Criterion, *, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        outputs = model(x)
        return criterion(outputs, targets).mean(), outputs

    def passes(self, classes: int, *, body: bool = True) -> float:
        return 3 if body else 1
