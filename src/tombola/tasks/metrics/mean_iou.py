"""Mean IoU: how well predicted regions lie over the true ones, from one count of pixels over a whole set.

What: Pixels that have a class are counted by their true and their predicted class; a class's IoU is TP / (TP + FP +
    FN), and the mean is over the classes that occur in the truth or in the prediction.
When: Scenes, where a mean over images would forget small classes.
Cost: None.
Options: None.
Reference: Everingham et al., IJCV 2010 (the VOC measure).
"""

import math
from typing import ClassVar, Self, final

import torch
from torch import Tensor

from tombola.data._scenes import VOID
from tombola.tasks.metrics._base import Metric


@final
class MeanIoU(Metric):
    """Of outputs (N, C, H, W) and masks (N, H, W), in [0, 1]."""

    NAME: ClassVar[str] = "mean_iou"

    def __init__(self) -> None:
        self._counts = torch.zeros(0, 0, dtype=torch.int64)
        self._broken = False

    def update(self, outputs: Tensor, targets: Tensor) -> None:
        self._broken = self._broken or bool(outputs.isnan().any())
        self._add(confusion(outputs.argmax(1), targets, outputs.shape[1]).cpu())

    def compute(self) -> float:
        each = intersections_over_unions(self._counts)
        seen = each[each.isfinite()]
        return math.nan if self._broken or not len(seen) else float(seen.mean())

    def merge(self, other: Self) -> None:
        self._broken = self._broken or other._broken
        self._add(other._counts)

    def _add(self, counts: Tensor) -> None:
        self._counts = (
            self._counts + counts if len(self._counts) and len(counts) else max(self._counts, counts, key=len)
        )


def confusion(predicted: Tensor, truth: Tensor, classes: int) -> Tensor:
    """How many pixels of true class i (rows) were told to be j (columns); void ones are left out.

    >>> confusion(torch.tensor([0, 1, 1, 0]), torch.tensor([0, 1, 0, 255]), 2).tolist()
    [[1, 1], [0, 1]]
    """
    seen = truth != VOID
    pairs = truth[seen].long() * classes + predicted[seen].long()
    return torch.bincount(pairs, minlength=classes * classes).view(classes, classes)


def intersections_over_unions(counts: Tensor) -> Tensor:
    """Each class's TP / (TP + FP + FN), in float64; NaN for one that neither the truth nor the prediction has."""
    hits = counts.diagonal().double()
    return hits / (counts.sum(0) + counts.sum(1) - counts.diagonal())
