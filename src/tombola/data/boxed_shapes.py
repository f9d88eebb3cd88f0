"""Boxed shapes: discs, squares and triangles on clutter with a box around each, the built-in detection set.

What: the images of ``shapes``; a box holds what is seen of a shape, in whole pixels. A shape of which less than two
rows or columns are seen has none.
When: tests and first steps in detection; nothing is downloaded.
Cost: a thousand images of 32x32 in about a tenth of a second.
Options: ``size``, how many images a split has, ``noise``, ``hint`` (0: colours tell nothing; 1: the class alone),
``seed``.
Reference: Tombola's own.
"""

from typing import ClassVar

import torch
from torch import Tensor

from tombola.data._base import Splits
from tombola.data._boxes import Boxed, BoxSet, with_boxes
from tombola.data._scenes import VOID
from tombola.data.shapes import CLASSES, MOST, draw
from tombola.registry import Examples
from tombola.spec import option


class BoxedShapes(BoxSet):
    """Generated shapes with boxes."""

    MADE_HERE: ClassVar[bool] = True
    EXAMPLES: ClassVar[Examples] = ({"size": 16, "num_train": 6, "num_val": 2, "num_test": 4},)

    size: int = option(32, "height and width in pixels", ge=8, le=256)
    num_train: int = option(800, "training images", ge=1)
    num_val: int = option(100, "validation images", ge=1)
    num_test: int = option(200, "test images", ge=1)
    noise: float = option(0.08, "the standard deviation of the noise, in [0, 1] pixel units", ge=0, le=0.5)
    hint: float = option(0.6, "how much of a shape's colour is its class's", ge=0, le=1)
    seed: int = option(0, "which draw", ge=0)

    def load(self) -> Splits:
        counts = (self.num_train, self.num_val, self.num_test)
        return Splits(*(self._boxed(split, count) for split, count in enumerate(counts)))

    def _boxed(self, split: int, count: int) -> Boxed:
        generator = torch.Generator().manual_seed(self.seed * 3 + split)
        pixels, labels, owners = draw(count, self.size, noise=self.noise, hint=self.hint, generator=generator)
        boxes = [_around(label, owner) for label, owner in zip(labels, owners, strict=True)]
        return with_boxes(pixels, boxes, CLASSES[1:])


def _around(labels: Tensor, owners: Tensor) -> Tensor:
    """The boxes (M, 5) of one image's shapes."""
    boxes = []
    for number in range(MOST):
        rows, columns = torch.nonzero(owners == number, as_tuple=True)
        kinds = labels[rows, columns]
        if not bool((kinds != VOID).any()) or rows.max() == rows.min() or columns.max() == columns.min():
            continue
        kind = int(kinds[kinds != VOID][0]) - 1
        boxes.append([kind, int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1])
    return torch.tensor(boxes, dtype=torch.float32).view(-1, 5)
