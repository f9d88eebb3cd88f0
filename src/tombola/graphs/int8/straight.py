"""`straight`: what a graph on cells computes in float32, with gradients that go straight through every rounding.

The whole numbers are those of `integers` and of C, as floats. A number is rounded as C does it, by adding a large one
and taking it off again, whose gradient is that of no rounding; beyond a map's ends there is none. Sums beyond 2^24 are
rounded, which can move a byte by one step.
"""

from typing import Final

import torch
from torch import Tensor
from torch.nn import functional as F

from tombola.graphs.activations import activated
from tombola.graphs.cells import (
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
from tombola.graphs.graph import Graph, Node
from tombola.graphs.integers import side_by_side
from tombola.graphs.interpret import output_of, values
from tombola.graphs.ops import OfCells

WHOLE: Final = 1.5 * 2.0**23


def straight(graph: Graph, x: Tensor) -> Tensor:
    """The output for images (N, C, H, W); the graph's rounded weights are whole floats."""
    return values(graph, x, _output_of)[graph.output]


def _output_of(node: Node, inputs: list[Tensor]) -> Tensor:
    return _of_cells(node, node.op, inputs) if isinstance(node.op, OfCells) else output_of(node, inputs)


def _of_cells(node: Node, op: OfCells, inputs: list[Tensor]) -> Tensor:
    x = inputs[0]
    match op:
        case EnterCells():
            return _bytes(x * _a_channel(op.scale, x) + _a_channel(op.shift, x), -op.zero, MOST - op.zero, op.zero)
        case ToCells():
            return _bytes(x * torch.tensor(op.factor), -op.zero, MOST - op.zero, op.zero)
        case FromCells():
            return (x - op.zero) * torch.tensor(op.scale)
        case SideBySide():
            return side_by_side(op, x)
        case CellConv():
            return _convolved(op, x, inputs[1] if op.added else None)
        case CellFloats():
            floats = _sums(op, x) * _a_channel(op.factor, x)
            return activated(floats + inputs[1] if op.residual else floats, op.activation)
        case CellLinear():
            return (F.linear(x, op.weight.float(), op.bias.float()) * op.factor).view(len(x), *node.shape)
        case CellMax():
            top, bottom, left, right = op.padding
            return F.max_pool2d(F.pad(x, (left, right, top, bottom)), op.kernel, op.stride)
        case CellGate():
            by = inputs[1] * torch.tensor(op.factor)
            return _bytes((x - op.entering) * by, -op.zero, MOST - op.zero, op.zero)
        case CellMean():
            return (x - op.zero).sum((2, 3), keepdim=True) * torch.tensor(op.factor)
    raise TypeError(f"{type(op).__name__} is no operation on cells")


def _convolved(op: CellConv, q: Tensor, beside: Tensor | None) -> Tensor:
    steps = _sums(op, q) * _a_channel(op.factor, q)
    if op.added is not None and beside is not None:
        factor, zero = op.added
        steps = steps + (beside - zero) * torch.tensor(factor)
    if op.activation:
        steps = activated(steps, op.activation) * torch.tensor(op.step)
    return _bytes(steps, op.least, op.largest, op.zero)


def _sums(op: CellSums, q: Tensor) -> Tensor:
    top, bottom, left, right = op.padding
    framed = F.pad(q, (left, right, top, bottom), value=float(op.entering))
    return F.conv2d(framed, op.weight.float(), op.bias.float(), op.stride, 0, op.dilation, op.groups)


def _bytes(steps: Tensor, least: int, most: int, zero: int) -> Tensor:
    return (steps.clamp(least, most) + (WHOLE + zero)) - WHOLE


def _a_channel(numbers: Tensor, like: Tensor) -> Tensor:
    return numbers.float().view(1, -1, *(1 for _ in like.shape[2:]))
