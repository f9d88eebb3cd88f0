"""Images with boxes in them: as many an image as there are, filled up to one shape."""

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor

from tombola.data._base import InMemory
from tombola.errors import DataError

NO_BOX: Final = -1
"""The class of a row that only fills up."""


def with_boxes(pixels: Tensor, boxes: Sequence[Tensor], classes: tuple[str, ...]) -> InMemory:
    """Images (N, 3, H, W) whose labels are their boxes, (N, M, 5) in float32, M the most that one has (at least 1).

    A box is (class, left, top, right, bottom), in pixels; rows beyond an image's own have class -1 and zeros.

    >>> found = with_boxes(torch.zeros(2, 3, 8, 8).byte(), [torch.tensor([[0, 1, 1, 4, 5]]), torch.empty(0, 5)], ("a",))
    >>> found.labels.tolist()
    [[[0.0, 1.0, 1.0, 4.0, 5.0]], [[-1.0, 0.0, 0.0, 0.0, 0.0]]]
    """
    if len(pixels) != len(boxes):
        raise DataError(
            f"{len(pixels)} images with boxes for {len(boxes)}; give each image its own, empty (0, 5) for none"
        )
    labels = torch.zeros(len(boxes), max((1, *map(len, boxes))), 5)
    labels[..., 0] = NO_BOX
    for place, own in enumerate(boxes):
        _require_boxes(own, place, len(classes))
        labels[place, : len(own)] = own
    return InMemory(pixels, labels, classes)


def _require_boxes(boxes: Tensor, place: int, classes: int) -> None:
    if boxes.ndim != 2 or boxes.shape[1] != 5:
        raise DataError(f"boxes of image {place} are of shape {tuple(boxes.shape)}; give (M, 5): class and two corners")
    known = (boxes[:, 0] >= 0) & (boxes[:, 0] < classes)
    wide = (boxes[:, 3] > boxes[:, 1]) & (boxes[:, 4] > boxes[:, 2])
    if not bool((known & wide).all()):
        raise DataError(
            f"image {place} has a box of a class outside 0 to {classes - 1}, or whose right or bottom edge does not lie"
            " beyond its left or top one; write (class, left, top, right, bottom)"
        )
