"""Boxed shapes: discs, squares and triangles on clutter with a box around each, the built-in detection set.

What: the images of ``shapes``; a box holds what is seen of a shape, in whole pixels. A shape of which less than two
rows or columns are seen has none.
When: tests and first steps in detection; nothing is downloaded.
Cost: a thousand images of 32x32 in about a tenth of a second.
Options: ``size``, how many images a split has, ``noise``, ``hint`` (0: colours tell nothing; 1: the class alone),
``seed``.
Reference: Tombola's own.
"""

import torch
from torch import Tensor

from tombola.data._boxes import Boxed, BoxSet, with_boxes
from tombola.data._drawn_shapes import DrawnShapes
from tombola.data._scenes import VOID
from tombola.data.shapes import CLASSES, MOST, draw


class BoxedShapes(DrawnShapes, BoxSet):
    """Generated shapes with boxes."""

    def drawn(self, count: int, generator: torch.Generator) -> Boxed:
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
