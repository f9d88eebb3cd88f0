"""Images with boxes in them: as many an image as there are, filled up to one shape; what is wrong is mended or refused.

Boxes are rows of a class, left, top, right and bottom, in pixels of the image as it is held.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from tombola.data._augment_boxes import NO_BOX, cut_off
from tombola.data._base import Dataset, InOneShape
from tombola.errors import DataError


class BoxSet(Dataset):
    """A named set of images with boxes: `Splits` of `Boxed`."""

    AUGMENT: ClassVar[str] = "flip"
    JUDGED_BY: ClassVar[str] = "average_precision"


@dataclass(frozen=True)
class Boxed(InOneShape):
    """Images (N, 3, H, W) in memory as uint8 and ``labels`` (N, M, 5) in float32, rows of class -1 filling up."""


def with_boxes(
    pixels: Tensor, boxes: Sequence[Tensor], classes: tuple[str, ...], names: Sequence[str] = (), name: str = "boxes"
) -> Boxed:
    """Images (N, 3, H, W) with their boxes, (N, M, 5), M the most that one has (at least 1).

    Boxes are cut off at the image's edges, and those of which less than a pixel is left are left out; a warning counts
    them, apart those that are too small at this size of images. Raises `DataError` for numbers that are none, classes
    there are not, corners the wrong way round, and where all are too small.

    >>> found = with_boxes(torch.zeros(2, 3, 8, 8).byte(), [torch.tensor([[0, 1, 1, 4, 5]]), torch.empty(0, 5)], ("a",))
    >>> found.labels.tolist()
    [[[0.0, 1.0, 1.0, 4.0, 5.0]], [[-1.0, 0.0, 0.0, 0.0, 0.0]]]
    """
    if len(pixels) != len(boxes):
        raise DataError(
            f"{name}: {len(pixels)} images with boxes for {len(boxes)}; give each image its own, empty (0, 5) for none"
        )
    for place, own in enumerate(boxes):
        _require_boxes(own, f"{name}: {names[place] if names else f'image {place}'}", len(classes))
    require_pixels(boxes, name)
    kept = [_mended(own.float(), pixels.shape[3], pixels.shape[2]) for own in boxes]
    _say_left_out(boxes, kept, names, name, (pixels.shape[2], pixels.shape[3]))
    labels = torch.zeros(len(boxes), max((1, *map(len, kept))), 5)
    labels[..., 0] = NO_BOX
    for place, own in enumerate(kept):
        labels[place, : len(own)] = own
    return Boxed(pixels, labels, classes, tuple(names))


def _mended(boxes: Tensor, width: int, height: int) -> Tensor:
    inside = cut_off(boxes, width, height)
    return inside[inside[:, 0] >= 0]


def _require_boxes(boxes: Tensor, where: str, classes: int) -> None:
    if boxes.ndim != 2 or boxes.shape[1] != 5:
        raise DataError(f"{where}: boxes of shape {tuple(boxes.shape)}; give (M, 5): class and two corners")
    if not bool(boxes.isfinite().all()):
        raise DataError(f"{where} has a box with an edge that is no number: {_first(boxes, ~boxes.isfinite().all(1))}")
    label = boxes[:, 0]
    if bool((strange := (label < 0) | (label >= classes) | (label != label.round())).any()):
        raise DataError(f"{where} has a box of class {_first(boxes, strange)[0]:g}; there are 0 to {classes - 1}")
    if bool((turned := (boxes[:, 3:] < boxes[:, 1:3]).any(1)).any()):
        raise DataError(
            f"{where} has a box whose right or bottom edge lies before its left or top one: {_first(boxes, turned)};"
            " write (class, left, top, right, bottom)"
        )


def require_pixels(boxes: Sequence[Tensor], name: str) -> None:
    """Refuses edges that can only be shares of the image."""
    every = torch.cat([own[:, 1:].float() for own in boxes]) if boxes else torch.empty(0, 4)
    if len(every) and float(every.max()) <= 1:
        raise DataError(f"{name}: no edge of a box lies beyond 1; these seem to be shares of the image: write pixels")


def _first(boxes: Tensor, which: Tensor) -> list[float]:
    return [round(value, 2) for value in boxes[which][0].tolist()]


def _say_left_out(
    given: Sequence[Tensor], kept: Sequence[Tensor], names: Sequence[str], name: str, shape: tuple[int, int]
) -> None:
    small = [int(_smaller_than_a_pixel(own, shape).sum()) for own in given]
    lost = [len(before) - len(after) - tiny for before, after, tiny in zip(given, kept, small, strict=True)]
    count, size = sum(map(len, given)), f"{shape[0]}x{shape[1]}"
    if any(small) and sum(small) == count:
        raise DataError(f"{name}: every box is less than a pixel at {size}; write a larger height and width")
    for many, why in (
        (small, f"are less than a pixel at {size} (write a larger height and width)"),
        (lost, "lie outside of their image or have no area"),
    ):
        if any(many):
            place = next(place for place, some in enumerate(many) if some)
            warnings.warn(
                f"{name}: {sum(many)} of {count} boxes {why}, and were left out; the first is of"
                f" {names[place] if names else f'image {place}'}",
                stacklevel=3,
            )


def _smaller_than_a_pixel(boxes: Tensor, shape: tuple[int, int]) -> Tensor:
    """Which have an area and lie in the image, and are narrower or flatter than a pixel."""
    sides = boxes[:, 3:] - boxes[:, 1:3]
    inside = (boxes[:, 1:] >= 0).all(1) & (boxes[:, 3] <= shape[1]) & (boxes[:, 4] <= shape[0])
    return inside & (sides > 0).all(1) & (sides < 1).any(1)
