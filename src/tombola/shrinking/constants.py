"""What is the same at every pixel of every image: the value of each channel that does not vary, NaN where it does.

A channel without weights is not 0 behind its batch norm: it is a constant, which the activation lets through or not,
and the next layer reads. Around a constant that is not 0 a border of zeros makes a pattern, which varies.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from tombola.graphs.activations import activated
from tombola.graphs.graph import Graph, Node
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
    Stem,
    Widen,
)

NAN = float("nan")


def constants(graph: Graph) -> dict[str, Tensor]:
    """One float64 a channel for every node."""
    found: dict[str, Tensor] = {}
    for node in graph:
        found[node.name] = _constant(node, [found[name] for name in node.inputs])
    return found


def split(op: Conv | Linear) -> Tensor:
    """A layer's weight as (groups, outputs and inputs of one group, places of the kernel)."""
    groups = op.groups if isinstance(op, Conv) else 1
    return op.weight.reshape(groups, op.weight.shape[0] // groups, op.weight.shape[1], -1)


def reads(op: Conv | Linear) -> Tensor:
    """Whether any weight lies between an output and an input: (groups, outputs and inputs of one group)."""
    return (split(op) != 0).any(-1)


def of_constants(op: Conv | Linear, given: Tensor) -> Tensor:
    """What a layer makes of constants, one a channel of its input and 0 for what is none: (outputs, kernel), float64.

    The sum over the kernel is what comes out inside the border; the bias is not in it.
    """
    weight = split(op)
    each = given.view(weight.shape[0], 1, -1, 1)
    used = each.flatten(0, 1).any(0).flatten()  # a linear layer may have a hundred million weights
    return (weight[:, :, used].double() * each[:, :, used]).sum(2).flatten(0, 1)


def bordered(op: Conv | Linear) -> bool:
    """Whether it reads zeros around the map."""
    return isinstance(op, Conv) and any(op.padding)


def _constant(node: Node, inputs: list[Tensor]) -> Tensor:
    op = node.op
    match op:
        case Input():
            return torch.full(node.shape[:1], NAN, dtype=torch.float64)
        case Conv() | Linear():
            return _of_layer(op, inputs[0])
        case Scale():
            values = inputs[0] * op.scale.double() + op.shift.double()
            return torch.where(op.scale == 0, op.shift.double(), values)
        case Activate():
            return activated(inputs[0], op.kind)
        case Add():
            return inputs[0] + inputs[1]
        case Mul():
            return torch.where((inputs[0] == 0) | (inputs[1] == 0), 0.0, inputs[0] * inputs[1])
        case Concat():
            return torch.cat(inputs)
        case Flatten():
            return inputs[0].repeat_interleave(node.shape[0] // len(inputs[0]))
        case Widen():
            return torch.cat([inputs[0].new_zeros(op.before), inputs[0], inputs[0].new_zeros(op.after)])
        case Pad():
            return _where(inputs[0], lambda value: value == op.value) if any(op.padding) else inputs[0]
        case Pool():
            even = op.kind == "max" or not any(op.padding) or not op.counts_padding
            return inputs[0] if even else _where(inputs[0], lambda value: value == 0)
        case Adaptive():
            return inputs[0]
        case Stem() | OfCells() | OfTokens():
            raise TypeError(
                f"{node.name!r}: channels are cut before a net is rounded or lowered, and of no transformer"
            )


def _of_layer(op: Conv | Linear, inputs: Tensor) -> Tensor:
    """Constant are the outputs that read nothing but constants (and at a border, zeros)."""
    read = reads(op)
    steady = (inputs == 0) if bordered(op) else ~inputs.isnan()
    varies = (read & ~steady.view(read.shape[0], 1, -1)).any(-1).reshape(-1)
    values = of_constants(op, inputs.masked_fill(~steady, 0.0)).sum(1).masked_fill(varies, NAN)
    return values if op.bias is None else values + op.bias.double()


def _where(values: Tensor, holds: Callable[[Tensor], Tensor]) -> Tensor:
    return values.masked_fill(~holds(values), NAN)
