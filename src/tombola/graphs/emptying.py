"""`without_dead`: a ticket's zeros followed through the net, so that no weight is kept that cannot matter."""

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import pad

from tombola.graphs.activations import activated
from tombola.graphs.graph import Graph, Node
from tombola.graphs.ops import Activate, Add, Concat, Conv, Flatten, Linear, Mul, OfTokens, Pad, Scale, Widen
from tombola.graphs.token_channels import read_by_tokens, zero_of_tokens


def without_dead(graph: Graph) -> Graph:
    """The same function; weights that read a channel of zeros, or make a channel nobody reads, are zero too.

    Shapes stay. Once a channel is found to be zero more may follow, so this goes on until nothing changes.
    """
    while True:
        emptied = _unread(_unfed(graph))
        if _survivors(emptied) == _survivors(graph):
            return emptied
        graph = emptied


def zero_channels(graph: Graph) -> dict[str, Tensor]:
    """For each node, which of its channels (or entries of a vector) are zero whatever the images are."""
    found: dict[str, Tensor] = {}
    for node in graph:
        found[node.name] = _zero(node, [found[name] for name in node.inputs], graph)
    return found


def read_channels(graph: Graph) -> dict[str, Tensor]:
    """For each node, which of its channels (or entries of a vector) anything that matters reads."""
    found = {node.name: torch.zeros(node.shape[0], dtype=torch.bool) for node in graph}
    found[graph.output] |= True
    for node in reversed(graph.nodes):
        for place, name in enumerate(node.inputs):
            found[name] |= _read(node, place, found[node.name], graph)
    return found


def _unfed(graph: Graph) -> Graph:
    zero = zero_channels(graph)
    return graph.with_nodes([_without_inputs(node, zero[node.inputs[0]]) if node.inputs else node for node in graph])


def _unread(graph: Graph) -> Graph:
    read = read_channels(graph)
    return graph.with_nodes([_without_outputs(node, ~read[node.name]) for node in graph])


def _without_inputs(node: Node, zero: Tensor) -> Node:
    op = node.op
    if isinstance(op, Linear):
        return node.with_op(replace(op, weight=op.weight.masked_fill(zero, 0.0)))
    if isinstance(op, Conv):
        dead = _by_output(op, zero)
        return node.with_op(replace(op, weight=op.weight.masked_fill(dead[:, :, None, None], 0.0)))
    return node


def _without_outputs(node: Node, unread: Tensor) -> Node:
    op = node.op
    if not isinstance(op, Conv | Linear) or not unread.any():
        return node
    weight = op.weight.masked_fill(unread.view(-1, *(1 for _ in op.weight.shape[1:])), 0.0)
    bias = None if op.bias is None else op.bias.masked_fill(unread, 0.0)
    return node.with_op(replace(op, weight=weight, bias=bias))


def _by_output(op: Conv, channels: Tensor) -> Tensor:
    """(out, in / groups): the marks of the input channels that each output channel reads."""
    outputs = op.weight.shape[0] // op.groups
    return channels.view(op.groups, 1, -1).expand(-1, outputs, -1).reshape(op.weight.shape[0], -1)


def _zero(node: Node, inputs: list[Tensor], graph: Graph) -> Tensor:
    op = node.op
    if isinstance(op, OfTokens):
        return zero_of_tokens(op, inputs, node, graph)
    if isinstance(op, Conv | Linear):
        bias = torch.zeros(op.weight.shape[0]) if op.bias is None else op.bias
        empty = (op.weight == 0).flatten(1).all(1) & (activated(bias, op.activation) == 0)
        return empty & inputs[1] if isinstance(op, Conv) and op.residual else empty
    if isinstance(op, Scale):
        return inputs[0] & (op.shift == 0)
    if isinstance(op, Activate):
        return inputs[0] & bool(activated(torch.zeros(()), op.kind) == 0)
    if isinstance(op, Concat):
        return torch.cat(inputs)
    if isinstance(op, Widen):
        return pad(inputs[0], (op.before, op.after), value=True)
    if isinstance(op, Flatten):
        return inputs[0].repeat_interleave(node.shape[0] // len(inputs[0]))
    if isinstance(op, Mul):
        return inputs[0] | inputs[1]
    if isinstance(op, Add):
        return inputs[0] & inputs[1]
    if not inputs or (isinstance(op, Pad) and op.value != 0):
        return torch.zeros(node.shape[0], dtype=torch.bool)
    return inputs[0]


def _read(node: Node, place: int, read: Tensor, graph: Graph) -> Tensor:
    """Which channels of its input number ``place`` a node reads, of whose own ``read`` are read."""
    op = node.op
    if isinstance(op, Linear):
        return (op.weight != 0)[read].any(0)
    if isinstance(op, Conv) and place == 0:
        used = (op.weight != 0).flatten(2).any(2) & read[:, None]
        return used.view(op.groups, -1, used.shape[1]).any(1).flatten()
    shape = graph[node.inputs[place]].shape
    if isinstance(op, OfTokens):
        return read_by_tokens(op, place, read, node, shape)
    if isinstance(op, Concat):
        start = sum(graph[name].shape[0] for name in node.inputs[:place])
        return read[start : start + shape[0]]
    if isinstance(op, Widen):
        return read[op.before : op.before + shape[0]]
    if isinstance(op, Flatten):
        return read.view(shape[0], -1).any(1)
    return read


def _survivors(graph: Graph) -> int:
    return sum(int(node.op.weight.count_nonzero()) for node in graph if isinstance(node.op, Conv | Linear))
