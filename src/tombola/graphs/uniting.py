"""`united`: parallel layers whose results are added up as one convolution, as RepVGG and MobileOne are meant to run."""

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional as F

from tombola.graphs.graph import Graph, Node
from tombola.graphs.ops import Add, Conv, Scale


def united(graph: Graph) -> Graph:
    """The same function with convolutions of one input that are added up, and that nobody else reads, as one.

    A scale of that input counts as a convolution of one pixel: the batch norm that stands in place of a shortcut. So
    does the input itself beside a convolution of single channels, whose middle is there already; beside others it
    stays a shortcut, which costs less. A weight is zero where it is zero in all of them, so what is left is at most as
    many weights as they had together.
    """
    found: dict[str, Node] = {}
    renamed: dict[str, str] = {}
    for node in graph:
        here = replace(node, inputs=tuple(renamed.get(name, name) for name in node.inputs))
        layer = _as_one(graph, node, [found[name] for name in here.inputs])
        if layer is None:
            found[here.name] = here
        else:  # in the place of the larger of the two; what nobody reads now is left out below
            found[layer.name] = layer
            renamed[node.name] = layer.name
    return graph.with_nodes(list(found.values()), renamed.get(graph.output, graph.output)) if renamed else graph


def _as_one(graph: Graph, node: Node, parts: list[Node]) -> Node | None:
    """The two layers that this node adds as one in its place; None where it adds other things."""
    if not isinstance(node.op, Add) or node.inputs[0] == node.inputs[1]:
        return None
    parts = [_shortcut(one, other) or one for one, other in (parts, parts[::-1])]
    first, second = parts
    if first.inputs != second.inputs or first.shape != second.shape or not _plain(first) or not _plain(second):
        return None
    shortcuts = [part.name in part.inputs for part in parts]
    if not all(alone or graph.only_reader(name) for alone, name in zip(shortcuts, node.inputs, strict=True)):
        return None
    larger, smaller = sorted(parts, key=_pixels, reverse=True)
    assert isinstance(smaller.op, Conv | Scale)
    if isinstance(larger.op, Scale):
        assert isinstance(smaller.op, Scale)
        both = Scale(larger.op.scale + smaller.op.scale, larger.op.shift + smaller.op.shift)
        return larger.with_op(both)
    assert isinstance(larger.op, Conv)
    other = smaller.op if isinstance(smaller.op, Conv) else _of_one_pixel(larger.op, smaller.op)
    op = None if other is None else _sum(larger.op, other)
    return None if op is None else larger.with_op(op)


def _shortcut(node: Node, beside: Node) -> Node | None:
    """The input of a convolution of single channels as a scale by 1; None of anything else."""
    single = isinstance(beside.op, Conv) and beside.op.groups == beside.op.weight.shape[0] == node.shape[0]
    if not single or beside.inputs != (node.name,):
        return None
    ones = torch.ones(node.shape[0])
    return Node(node.name, Scale(ones, torch.zeros_like(ones)), (node.name,), node.shape)


def _plain(node: Node) -> bool:
    """Whether it is a layer of one input whose result is linear in it."""
    if isinstance(node.op, Conv):
        return node.op.activation is None and not node.op.residual
    return isinstance(node.op, Scale)


def _pixels(node: Node) -> int:
    """Of its kernel; a scale has none."""
    return node.op.weight[0, 0].numel() if isinstance(node.op, Conv) else 0


def _of_one_pixel(beside: Conv, scale: Scale) -> Conv | None:
    """A scale as a convolution in as many groups; None where the other one does not take every position once."""
    outputs, inputs = beside.weight.shape[:2]
    if beside.stride != (1, 1) or outputs != inputs * beside.groups:
        return None
    # the place of channel o among the inputs of its own group
    weight = F.one_hot(torch.arange(outputs) % inputs, inputs) * scale.scale[:, None]
    return Conv(weight[:, :, None, None], scale.shift, groups=beside.groups)


def _sum(larger: Conv, smaller: Conv) -> Conv | None:
    """Both as one with the larger's kernel; None where the smaller's does not lie within it, pixel on pixel."""
    if (larger.stride, larger.groups) != (smaller.stride, smaller.groups):
        return None
    if larger.dilation != (1, 1) or smaller.dilation != (1, 1):
        return None
    before = [larger.padding[side] - smaller.padding[side] for side in (0, 2)]  # above, and on the left
    sizes = zip(larger.weight.shape[2:], smaller.weight.shape[2:], before, strict=True)
    above_below, left_right = [(first, whole - part - first) for whole, part, first in sizes]
    if min(*above_below, *left_right) < 0:
        return None
    weight = larger.weight + F.pad(smaller.weight, (*left_right, *above_below))
    return replace(larger, weight=weight, bias=_bias(larger.bias, smaller.bias))


def _bias(one: Tensor | None, other: Tensor | None) -> Tensor | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other
