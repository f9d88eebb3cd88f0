"""Average precision of boxes: whether they are found, and the sure ones first, as COCO counts it.

What: For each class, boxes of all images are taken from the surest down; one is right where it covers a box of its
    class that none surer has taken, by at least an overlap (intersection over union). Precision over recall, made to
    fall, is read at 101 recalls; the mean over these, over the classes that have boxes, and over the overlaps.
When: The headline of detection. ``overlaps`` are 0.5, 0.55, ..., 0.95; (0.5,) alone is AP50.
Cost: All boxes of a set in memory, and some seconds for thousands of images.
Options: the overlaps.
Reference: Lin et al. (Microsoft COCO), ECCV 2014, and its evaluation code.
"""

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Final, NamedTuple, Self, TypeAlias, final

import numpy as np
from torch import Tensor

from tombola.models.heads._detector import Detector, Told
from tombola.models.heads.boxes import Boxes
from tombola.tasks.metrics._base import Metric

Array: TypeAlias = np.ndarray[Any, Any]

OVERLAPS: Final = tuple(round(0.5 + 0.05 * place, 2) for place in range(10))
RECALLS: Final = np.linspace(0.0, 1.0, 101)


class Judged(NamedTuple):
    """Boxes told of one class in one image, the surest first: how sure, (D,), and whether right at each overlap."""

    sure: Array
    right: Array
    """(overlaps, D)."""
    there: int
    """How many were to be found."""


@final
class AveragePrecision(Metric):
    """Of a head's outputs and padded boxes, as `tombola.answers.Boxes` has them."""

    NAME: ClassVar[str] = "average_precision"

    def __init__(self, overlaps: Sequence[float] = OVERLAPS, *, head: Detector | None = None) -> None:
        """``head`` is the one whose outputs these are; none: the centre-point head."""
        self._overlaps = tuple(overlaps)
        self._head = head or Boxes()
        self.images: list[dict[int, Judged]] = []
        self._broken = False

    def update(self, outputs: Tensor, targets: Tensor) -> None:
        self._broken = self._broken or bool(outputs.isnan().any())
        self.add(self._head.told(outputs.detach()), targets)

    def add(self, found: Sequence[Told], targets: Tensor) -> None:
        """Take in boxes as they are told."""
        for one, own in zip(found, targets.cpu(), strict=True):
            self.images.append(judged(one, own[own[:, 0] >= 0], self._overlaps))

    def compute(self) -> float:
        each = [value for value in precisions(self.images).values() if value is not None]
        return math.nan if self._broken or not each else float(np.mean(each))

    def merge(self, other: Self) -> None:
        self.images += other.images
        self._broken = self._broken or other._broken


def judged(found: Told, there: Tensor, overlaps: Sequence[float] = OVERLAPS) -> dict[int, Judged]:
    """Each class's boxes of one image, those ``there`` being (M, 5) of classes and corners."""
    boxes, sure, classes, own = (each.double().numpy() for each in (*found, there))
    order = np.argsort(-sure, kind="stable")
    result = {}
    for label in sorted({*classes.tolist(), *own[:, 0].tolist()}):
        mine = order[classes[order] == label]
        theirs = own[own[:, 0] == label, 1:]
        result[int(label)] = Judged(sure[mine], matched(boxes[mine], theirs, overlaps), len(theirs))
    return result


def matched(boxes: Array, there: Array, overlaps: Sequence[float]) -> Array:
    """Whether each box (D, 4), the surest first, covers one of ``there`` (M, 4) that is free still, (overlaps, D).

    Of several free ones it takes the one it covers best, of equal ones the last.
    """
    right = np.zeros((len(overlaps), len(boxes)), dtype=bool)
    if len(there) == 0:
        return right
    least = np.asarray(overlaps)
    free = np.ones((len(overlaps), len(there)), dtype=bool)
    for place, covers in enumerate(intersections_over_unions(boxes, there)):
        left = np.where(free, covers, -1.0)
        which = len(there) - 1 - left[:, ::-1].argmax(1)
        found = left[np.arange(len(least)), which] >= least
        right[:, place] = found
        free[found, which[found]] = False
    return right


def intersections_over_unions(one: Array, other: Array) -> Array:
    """Of every box (left, top, right, bottom) with every other, (D, M).

    >>> intersections_over_unions(np.array([[0.0, 0, 2, 2]]), np.array([[0.0, 0, 2, 2], [1, 0, 3, 2]])).round(3)
    array([[1.   , 0.333]])
    """
    corner = np.maximum(one[:, None, :2], other[None, :, :2])
    both = (np.minimum(one[:, None, 2:], other[None, :, 2:]) - corner).clip(0).prod(2)
    areas = [(boxes[:, 2:] - boxes[:, :2]).clip(0).prod(1) for boxes in (one, other)]
    return both / np.maximum(areas[0][:, None] + areas[1][None] - both, 1e-9)  # type: ignore[no-any-return]  # numpy's Any


def precisions(images: Sequence[dict[int, Judged]], times: Array | None = None) -> dict[int, Array | None]:
    """Each class's average precision at each overlap; None for one that is told and nowhere to be found.

    ``times`` says how often each image counts, once where it is None.
    """
    labels = sorted({label for image in images for label in image})
    return {label: _of_class([image.get(label) for image in images], times) for label in labels}


def _of_class(images: Sequence[Judged | None], times: Array | None) -> Array | None:
    often = np.ones(len(images)) if times is None else times
    there = sum(often[place] * one.there for place, one in enumerate(images) if one)
    if not there:
        return None
    some = [(one, often[place]) for place, one in enumerate(images) if one]
    sure = np.concatenate([one.sure for one, _ in some])
    counts = np.concatenate([np.full(len(one.sure), count) for one, count in some])
    order = np.argsort(-sure, kind="stable")
    right = np.concatenate([one.right for one, _ in some], 1)[:, order] * counts[order]
    return np.array([_area(hits, counts[order], there) for hits in right])


def _area(hits: Array, counts: Array, there: float) -> float:
    """Of boxes from the surest down: the mean of falling precision at the recalls."""
    found, said = hits.cumsum(), counts.cumsum()
    precision = np.maximum.accumulate((found / np.maximum(said, 1e-12))[::-1])[::-1]
    at = np.searchsorted(found / there, RECALLS, side="left")
    return float(np.append(precision, 0.0)[np.minimum(at, len(precision))].mean())
