"""What the operations on rounded maps compute, in torch: uint8 maps (N, C, H, W) of whole channels.

Written apart from the C that it is the yardstick of. Sums of whole numbers are made in float64, which holds them
exactly; where float32 is meant every single operation is rounded to it.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from tombola.graphs.activations import activated
from tombola.graphs.cells import (
    CELL,
    MOST,
    CellConv,
    CellFloats,
    CellGate,
    CellLinear,
    CellMax,
    CellMean,
    CellSums,
    EnterCells,
    FromCells,
    SideBySide,
    ToCells,
)
from tombola.graphs.ops import OfCells


def of_cells(op: OfCells, inputs: list[Tensor]) -> Tensor:
    """An operation's output of these inputs; a linear layer's, which has a shape of its own, is `multiplied`."""
    x = inputs[0]
    match op:
        case EnterCells():
            return entered(op, x)
        case ToCells():
            return rounded(op, x)
        case FromCells():
            return meant(op, x)
        case SideBySide():
            return side_by_side(op, x)
        case CellConv():
            return convolved(op, x, inputs[1] if op.added else None)
        case CellFloats():
            return floated(op, x, inputs[1] if op.residual else None)
        case CellMax():
            return largest(op, x)
        case CellGate():
            return gated(op, x, inputs[1])
        case CellMean():
            return mean(op, x)
    raise TypeError(f"{type(op).__name__} is no operation on cells")


def entered(op: EnterCells, x: Tensor) -> Tensor:
    """Images rounded."""
    steps = x * _a_channel(op.scale.float(), x) + _a_channel(op.shift.float(), x)
    return _cut_and_rounded(steps, -op.zero, MOST - op.zero, op.zero)


def rounded(op: ToCells, x: Tensor) -> Tensor:
    """Floats rounded."""
    return _cut_and_rounded(x.float() * torch.tensor(op.factor), -op.zero, MOST - op.zero, op.zero)


def meant(op: FromCells, q: Tensor) -> Tensor:
    """The floats of a rounded map."""
    return (q.float() - op.zero) * torch.tensor(op.scale)


def side_by_side(op: SideBySide, q: Tensor) -> Tensor:
    """Bytes in rows, ``op.rows * op.cells`` cells of them at each place; of the type that they are given in."""
    (height, width), (down, over), (top, left) = op.size, op.stride, op.before
    reach = -(-op.cells * CELL // op.channels)
    below, right = (height - 1) * down + op.rows - top - q.shape[2], (width - 1) * over + reach - left - q.shape[3]
    framed = F.pad(q, (left, max(0, right), top, max(0, below)), value=float(op.zero))
    found = [
        framed[:, at % op.channels, row::down, at // op.channels :: over][:, :height, :width]
        for row in range(op.rows)
        for at in range(op.cells * CELL)
    ]
    return torch.stack(found, 1)


def convolved(op: CellConv, q: Tensor, beside: Tensor | None = None) -> Tensor:
    """The convolution of a rounded map, and of what is added to it."""
    steps = conv_sums(op, q).float() * _a_channel(op.factor, q)
    if op.added is not None and beside is not None:
        factor, zero = op.added
        steps = steps + (beside.float() - zero) * torch.tensor(factor)
    if op.activation:
        steps = activated(steps, op.activation) * torch.tensor(op.step)
    return _cut_and_rounded(steps, op.least, op.largest, op.zero)


def floated(op: CellFloats, q: Tensor, beside: Tensor | None = None) -> Tensor:
    """The floats of a convolution of a rounded map, and what is added to them, activated."""
    found = conv_sums(op, q).float() * _a_channel(op.factor, q)
    return activated(found if beside is None else found + beside, op.activation)


def conv_sums(op: CellSums, q: Tensor) -> Tensor:
    """Whole sums, the bias among them."""
    top, bottom, left, right = op.padding
    framed = F.pad(q.double(), (left, right, top, bottom), value=float(op.entering))
    return F.conv2d(framed, op.weight.double(), op.bias.double(), op.stride, 0, op.dilation, op.groups).long()


def multiplied(op: CellLinear, q: Tensor) -> Tensor:
    """Logits of a rounded vector."""
    return F.linear(q.double(), op.weight.double(), op.bias.double()).float() * op.factor


def largest(op: CellMax, q: Tensor) -> Tensor:
    """The largest of each window."""
    top, bottom, left, right = op.padding
    return F.max_pool2d(F.pad(q.double(), (left, right, top, bottom)), op.kernel, op.stride).to(torch.uint8)


def gated(op: CellGate, q: Tensor, gate: Tensor) -> Tensor:
    """The map times a number a channel, rounded anew; ``gate`` is (N, C, 1, 1)."""
    steps = (q.float() - op.entering) * (gate.float() * torch.tensor(op.factor))
    return _cut_and_rounded(steps, -op.zero, MOST - op.zero, op.zero)


def mean(op: CellMean, q: Tensor) -> Tensor:
    """The mean of each channel, (N, C, 1, 1)."""
    sums = (q.long() - op.zero).sum((2, 3), keepdim=True)
    return sums.float() * torch.tensor(op.factor)


def _cut_and_rounded(steps: Tensor, least: int, most: int, zero: int) -> Tensor:
    return (steps.clamp(least, most).double() + zero).round().to(torch.uint8)


def _a_channel(numbers: Tensor, like: Tensor) -> Tensor:
    return numbers.view(1, -1, *(1 for _ in like.shape[2:]))
