"""`filled`: convolutions of fewer channels than a cell has bytes read pixels side by side, no byte left empty.

A picture has three channels and a cell four bytes, so every fourth product of a stem is one with nothing. A row of a
kernel is a line of bytes, 21 of seven pixels, and those are six cells in place of seven; of grey pictures three pixels
are one. Places along the row at which cells begin come back after some: there the same cells are read further on. Rows
that a stride lies between are channels of their own, so that nothing is copied before tiles read the map. The sums are
the same.
"""

import math

from torch import Tensor
from torch.nn import functional as F

from tombola.graphs.cells import CELL, SideBySide
from tombola.graphs.graph import Shape
from tombola.graphs.ops import Conv


def filled(conv: Conv, shape: Shape, zero: int) -> tuple[SideBySide, Tensor] | None:
    """What puts pixels side by side for an output of ``shape``, and the weights that meet them then, with gradients.

    None where no products are saved. Steps of the stride are single pixels then, and there is no padding.
    """
    weight, channels, (down, over) = conv.weight, conv.weight.shape[1], conv.stride
    if channels >= CELL or conv.groups > 1 or conv.dilation != (1, 1):
        return None
    lines = _lines(weight)
    if _cells(lines) >= _cells(weight.movedim(1, -1)):
        return None
    step = channels * over
    again = CELL // math.gcd(step, CELL)  # pixels after which cells begin where others do
    cells, rows = min(step * again // CELL, lines.shape[2]), min(down, lines.shape[1])
    apart = _apart(lines, rows, cells, again)
    size = shape[1] + apart.shape[2] - 1, shape[2] + apart.shape[3] - 1
    return SideBySide(channels, rows, cells, size, (down, over), conv.padding[::2], zero), apart


def _lines(weight: Tensor) -> Tensor:
    """(out, kh, cells, 4): the bytes of each row of a kernel, filled up to whole cells."""
    outputs, channels, height, width = weight.shape
    found = weight.new_zeros(outputs, height, -(-channels * width // CELL) * CELL)
    found[:, :, : channels * width] = weight.permute(0, 2, 3, 1).flatten(2)
    return found.view(outputs, height, -1, CELL)


def _cells(weight: Tensor) -> int:
    """How many have a weight."""
    return int(weight.detach().bool().any(-1).sum())


def _apart(lines: Tensor, rows: int, cells: int, again: int) -> Tensor:
    """(out, rows * cells * 4, y, x): each cell of ``lines`` at the place from which on its pixels are read."""
    outputs, height, count, _ = lines.shape
    whole = F.pad(lines, (0, 0, 0, -count % cells, 0, -height % rows))
    parted = whole.view(outputs, -(-height // rows), rows, -(-count // cells), cells, CELL).permute(0, 2, 4, 5, 1, 3)
    found = lines.new_zeros(*parted.shape[:-1], (parted.shape[-1] - 1) * again + 1)
    found[..., ::again] = parted
    return found.flatten(1, 3)
