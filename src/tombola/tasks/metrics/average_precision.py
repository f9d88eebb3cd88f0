"""Average precision of boxes: whether they are found, and the sure ones first.

What: For each class, boxes of all images are taken from the surest down; one is right where it covers a box of its
    class that none surer has taken, by at least ``overlap`` (intersection over union). The area under precision over
    recall, precision made to fall (all points), averaged over the classes that have boxes.
When: The headline of detection; ``overlap=0.5`` is that of PASCAL VOC. COCO's is the mean over 0.5, 0.55, ..., 0.95.
Cost: All boxes of a set in memory.
Options: the overlap; the least that a box must be sure, and the most an image may have.
Reference: Everingham et al., The PASCAL Visual Object Classes Challenge, IJCV 2010, section 4.2 (all points, as since
    2010).
"""

import math
from typing import ClassVar, NamedTuple, Self, final

import torch
from torch import Tensor

from tombola.tasks.metrics._base import Metric


class Told(NamedTuple):
    """Boxes told of one image: (K, 4), how sure each is, (K,), and their classes, (K,)."""

    boxes: Tensor
    sure: Tensor
    classes: Tensor


@final
class AveragePrecision(Metric):
    """Of outputs (N, K, 5 + n): left, top, right, bottom, a logit of being a box, a logit a class.

    Targets are padded boxes (N, M, 5), as `Boxes` answers have them.
    """

    NAME: ClassVar[str] = "average_precision"

    def __init__(self, *, overlap: float = 0.5, least: float = 0.01, most: int = 100) -> None:
        self._overlap = overlap
        self._least = least
        self._most = most
        self._told: list[Told] = []
        self._there: list[Tensor] = []
        self._broken = False

    def update(self, outputs: Tensor, targets: Tensor) -> None:
        self._broken = self._broken or bool(outputs.isnan().any())
        for one, own in zip(outputs.detach().cpu(), targets.cpu(), strict=True):
            self._told.append(told(one, self._least, self._most))
            self._there.append(own[own[:, 0] >= 0])

    def compute(self) -> float:
        classes = sorted({int(label) for own in self._there for label in own[:, 0].tolist()})
        if self._broken or not classes:
            return math.nan
        return sum(self._of_class(label) for label in classes) / len(classes)

    def merge(self, other: Self) -> None:
        self._told += other._told
        self._there += other._there
        self._broken = self._broken or other._broken

    def _of_class(self, label: int) -> float:
        sure, right, there = [], [], 0
        for found, own in zip(self._told, self._there, strict=True):
            mine, boxes = found.classes == label, own[own[:, 0] == label][:, 1:]
            sure.append(found.sure[mine])
            right.append(matched(found.boxes[mine], found.sure[mine], boxes, self._overlap))
            there += len(boxes)
        return area(torch.cat(sure), torch.cat(right), there)


def told(output: Tensor, least: float, most: int) -> Told:
    """The boxes of one image's outputs (K, 5 + n) that are at least so sure, the surest ``most``; each its best class.

    Nothing is left out for lying over another: outputs are to say a place once.
    """
    likely, classes = output[:, 5:].softmax(1).max(1)
    sure = output[:, 4].sigmoid() * likely
    kept = sure.argsort(descending=True, stable=True)[:most]
    kept = kept[sure[kept] >= least]
    return Told(output[kept, :4], sure[kept], classes[kept])


def matched(boxes: Tensor, sure: Tensor, there: Tensor, overlap: float) -> Tensor:
    """Whether each box is the surest one that covers one of ``there`` well enough, (K,); each is covered once."""
    right = torch.zeros(len(boxes), dtype=torch.bool)
    if len(there) == 0:
        return right
    covers = intersection_over_union(boxes, there)
    free = torch.ones(len(there), dtype=torch.bool)
    for place in sure.argsort(descending=True, stable=True).tolist():
        value, which = covers[place].max(0)
        if value >= overlap and free[which]:
            right[place], free[which] = True, False
    return right


def intersection_over_union(one: Tensor, other: Tensor) -> Tensor:
    """Of every box (left, top, right, bottom) with every other, (K, M).

    >>> intersection_over_union(torch.tensor([[0.0, 0, 2, 2]]), torch.tensor([[0.0, 0, 2, 2], [1, 0, 3, 2]])).tolist()
    [[1.0, 0.3333333432674408]]
    """
    corner = torch.maximum(one[:, None, :2], other[None, :, :2])
    sides = (torch.minimum(one[:, None, 2:], other[None, :, 2:]) - corner).clamp_min(0)
    both = sides.prod(2)
    areas = [(boxes[:, 2:] - boxes[:, :2]).clamp_min(0).prod(1) for boxes in (one, other)]
    return both / (areas[0][:, None] + areas[1][None] - both).clamp_min(1e-9)


def area(sure: Tensor, right: Tensor, there: int) -> float:
    """The area under precision over recall, of boxes from the surest down, ``there`` being how many were to be found.

    >>> area(torch.tensor([0.9, 0.8, 0.7]), torch.tensor([True, False, True]), 2)
    0.8333333333333333
    """
    hits = right[sure.argsort(descending=True, stable=True)].double()
    found = hits.cumsum(0)
    precision = found / torch.arange(1, len(hits) + 1)
    falling = precision.flip(0).cummax(0).values.flip(0)
    return float((falling * hits).sum() / there)
