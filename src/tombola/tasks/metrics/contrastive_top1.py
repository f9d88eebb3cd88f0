"""Contrastive top-1: how often the view most like one's own, among all others of a set, is of the same image.

What: The share of views whose nearest other view, by cosine, is the other one of their image; all views of the set are
    the others, so it depends on no batch, and chance is one in their number.
When: The headline of learning from two views. It says how well views are known again, not what is known of an image:
    for that, adapt to a labelled task.
Cost: All vectors of a set in memory, and as many products as there are pairs.
Options: None.
Reference: Chen et al. (SimCLR), ICML 2020, arXiv 2002.05709: its contrastive accuracy, there in a batch.
"""

import math
from typing import ClassVar, Final, Self, final

import torch
from torch import Tensor

from tombola.tasks._pairs import unit
from tombola.tasks.metrics._base import Metric

_AT_ONCE: Final = 1024


@final
class ContrastiveTop1(Metric):
    """Of vectors (N, D) and of which image each is a view (N,).

    >>> metric = ContrastiveTop1()
    >>> metric.update(torch.tensor([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [0.1, 1.0]]), torch.tensor([3, 3, 5, 5]))
    >>> metric.compute()
    1.0
    """

    NAME: ClassVar[str] = "contrastive_top1"

    def __init__(self) -> None:
        self._vectors: list[Tensor] = []
        self._targets: list[Tensor] = []

    def update(self, outputs: Tensor, targets: Tensor) -> None:
        self._vectors.append(unit(outputs))
        self._targets.append(targets)

    def compute(self) -> float:
        if not self._vectors:
            return math.nan
        vectors, targets = torch.cat(self._vectors), torch.cat(self._targets)
        if bool(vectors.isnan().any()):
            return math.nan
        right = 0
        for first in range(0, len(vectors), _AT_ONCE):
            cosines = vectors[first : first + _AT_ONCE] @ vectors.T
            cosines.diagonal(first).fill_(-torch.inf)
            right += int((targets[cosines.argmax(1)] == targets[first : first + _AT_ONCE]).sum())
        return right / len(vectors)

    def merge(self, other: Self) -> None:
        self._vectors += other._vectors
        self._targets += other._targets
