"""`interpret`: what a graph computes, in torch, operation by operation; the yardstick of every pass and back end."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn import functional as F

from tombola.graphs.activations import activated
from tombola.graphs.attending import of_tokens
from tombola.graphs.cells import CellLinear
from tombola.graphs.graph import Graph, Node
from tombola.graphs.integers import multiplied, of_cells
from tombola.graphs.ops import (
    Activate,
    Adaptive,
    Add,
    Concat,
    Conv,
    Flatten,
    Input,
    Linear,
    Mul,
    OfCells,
    OfTokens,
    Pad,
    Pool,
    Scale,
    Sides,
    Stem,
    Widen,
)

Computes: TypeAlias = Callable[[Node, list[Tensor]], Tensor]
"""One node's output of its inputs."""


def interpret(graph: Graph, x: Tensor) -> Tensor:
    """The graph's output for a batch of its inputs (N, C, H, W); ids of texts are floats there too."""
    return values(graph, x)[graph.output]


def values(graph: Graph, x: Tensor, computes: Computes | None = None) -> Mapping[str, Tensor]:
    """Every node's output by its name, as ``computes`` has it, or `output_of`; a constant is every sample's."""
    found: dict[str, Tensor] = {graph.input.name: x}
    for node in graph.nodes[1:]:
        made = (computes or output_of)(node, [found[name] for name in node.inputs])
        found[node.name] = made if len(made) == len(x) else made.expand(len(x), *node.shape)
    return found


def output_of(node: Node, inputs: list[Tensor]) -> Tensor:
    """One node's output of these inputs."""
    if isinstance(node.op, OfTokens):
        return of_tokens(node.op, inputs, node)
    x = inputs[0]
    match node.op:
        case Conv() as op:
            return _convolved(op, inputs)
        case Linear(weight, bias, activation=kind):
            return activated(F.linear(x, weight, bias), kind).view(len(x), *node.shape)
        case Scale(scale, shift):
            shape = (1, -1, *(1 for _ in x.shape[2:]))
            return x * scale.view(shape) + shift.view(shape)
        case Activate(kind):
            return activated(x, kind)
        case Add():
            return x + inputs[1]
        case Mul():
            return x * inputs[1]
        case Concat():
            return torch.cat(inputs, 1)
        case Pad(sides, value):
            return _padded(x, sides, value)
        case Widen(before, after):
            return F.pad(x, (0, 0, 0, 0, before, after))
        case Pool() as op:
            return _pooled(op, x)
        case Stem(conv, pool):
            convolved = _convolved(conv, inputs)
            return convolved if pool is None else _pooled(pool, convolved)
        case Adaptive():
            return F.adaptive_avg_pool2d(x, (node.shape[1], node.shape[2]))
        case Flatten():
            return x.flatten(1)
        case Input():
            return x
        case CellLinear() as op:
            return multiplied(op, x).view(len(x), *node.shape)
        case OfCells() as op:
            return of_cells(op, inputs)


def _convolved(op: Conv, inputs: list[Tensor]) -> Tensor:
    x = F.conv2d(_padded(inputs[0], op.padding), op.weight, op.bias, op.stride, 0, op.dilation, op.groups)
    return activated(x + inputs[1] if op.residual else x, op.activation)


def _pooled(op: Pool, x: Tensor) -> Tensor:
    if op.kind == "max":
        return F.max_pool2d(_padded(x, op.padding, -torch.inf), op.kernel, op.stride, 0, op.dilation)
    mean = F.avg_pool2d(_padded(x, op.padding), op.kernel, op.stride)
    if op.counts_padding:
        return mean
    return mean / F.avg_pool2d(_padded(torch.ones_like(x), op.padding), op.kernel, op.stride)


def _padded(x: Tensor, sides: Sides, value: float = 0.0) -> Tensor:
    top, bottom, left, right = sides
    return F.pad(x, (left, right, top, bottom), value=value) if any(sides) else x
