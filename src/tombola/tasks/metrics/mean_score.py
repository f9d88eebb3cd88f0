"""The mean of one score a sample.

What: The task's `scores`, summed in float64 and divided by how many there are; accuracy where a score is 1 or 0.
When: Every task whose samples are judged one by one.
Cost: None.
Options: the scores.
Reference: none.
"""

import math
from collections.abc import Callable
from typing import ClassVar, Self, final

import torch
from torch import Tensor

from tombola.tasks.metrics._base import Metric


@final
class MeanScore(Metric):
    """A mean over samples.

    >>> metric = MeanScore(lambda outputs, targets: (outputs.argmax(1) == targets).float())
    >>> metric.update(torch.tensor([[0.0, 1.0], [1.0, 0.0]]), torch.tensor([1, 1]))
    >>> metric.compute()
    0.5
    """

    NAME: ClassVar[str] = "score"
    EACH: ClassVar[bool] = True

    def __init__(self, scores: Callable[[Tensor, Tensor], Tensor]) -> None:
        self._scores = scores
        self._total = torch.zeros((), dtype=torch.float64)
        self._count = 0

    def update(self, outputs: Tensor, targets: Tensor) -> None:
        scores = self._scores(outputs, targets).double()
        self._total += torch.nan if bool(outputs.isnan().any()) else scores.sum().cpu()
        self._count += len(scores)

    def compute(self) -> float:
        return float(self._total / self._count) if self._count else math.nan

    def merge(self, other: Self) -> None:
        self._total += other._total
        self._count += other._count
