"""`fused`: borders, residual sums and activations as part of the layer they stand next to."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from tombola.graphs.graph import Graph, Node
from tombola.graphs.ops import Activate, Add, Conv, Linear, Pad, Pool, Scale, Sides
from tombola.graphs.tokens import Norm


def fused(graph: Graph) -> Graph:
    """The same function in fewer nodes: a border within what reads it, and what follows a layer within that.

    A sum goes into the later of the two convolutions it adds, so that the other one's result is there by then.
    """
    for merge in (_steps, _border, _scale, _sum, _activation):
        graph = _merged(graph, merge)
    return graph


Merge: TypeAlias = Callable[[Graph, Node], tuple[Node, Node] | None]


def _merged(graph: Graph, merge: Merge) -> Graph:
    """Where ``merge`` gives a node and what becomes of it together with its reader: that one in the reader's place."""
    found = {node.name: merge(graph, node) for node in graph}
    gone = {pair[0].name for pair in found.values() if pair}
    renamed = {name: pair[1].name for name, pair in found.items() if pair}
    nodes = []
    for node in graph:
        pair = found[node.name]
        new = pair[1] if pair else node
        if node.name not in gone:
            nodes.append(replace(new, inputs=tuple(renamed.get(name, name) for name in new.inputs)))
    return graph.with_nodes(nodes, renamed.get(graph.output, graph.output))


def _steps(graph: Graph, node: Node) -> tuple[Node, Node] | None:
    """Every n-th row, then every n-th column, in one."""
    first = graph[node.inputs[0]] if node.inputs else node
    if not isinstance(node.op, Pool) or not isinstance(first.op, Pool) or not graph.only_reader(first.name):
        return None
    if node.op.kernel != (1, 1) or first.op.kernel != (1, 1):
        return None
    stride = (node.op.stride[0] * first.op.stride[0], node.op.stride[1] * first.op.stride[1])
    return first, replace(node, op=replace(node.op, stride=stride), inputs=first.inputs)


def _border(graph: Graph, node: Node) -> tuple[Node, Node] | None:
    """What a layer's own border is made of, around its input, into the layer.

    Zeros of a convolution; of a maximum minus infinity, as nets padded "same" have it.
    """
    if not isinstance(node.op, Conv | Pool):
        return None
    pad = graph[node.inputs[0]]
    if not isinstance(pad.op, Pad) or pad.op.value != _made_of(node.op) or not graph.only_reader(pad.name):
        return None
    op = replace(node.op, padding=_both(node.op.padding, pad.op.padding))
    if isinstance(op, Pool) and not _meets_its_input(op):
        return None
    return pad, replace(node, op=op, inputs=(*pad.inputs, *node.inputs[1:]))


def _made_of(op: Conv | Pool) -> float | None:
    """The number that an operation finds beyond its input; None where it is not one alone."""
    if isinstance(op, Conv):
        return 0.0
    return -math.inf if op.kind == "max" and op.dilation == (1, 1) else None


def _meets_its_input(op: Pool) -> bool:
    """Whether every window does."""
    return max(op.padding[:2]) < op.kernel[0] and max(op.padding[2:]) < op.kernel[1]


def _scale(graph: Graph, node: Node) -> tuple[Node, Node] | None:
    """What scales a norm's output that nobody else reads, into the norm."""
    if not isinstance(node.op, Scale):
        return None
    norm = graph[node.inputs[0]]
    if not isinstance(norm.op, Norm) or norm.op.scale is not None or not graph.only_reader(norm.name):
        return None
    return norm, norm.with_op(replace(norm.op, scale=node.op.scale, shift=node.op.shift))


def _sum(graph: Graph, node: Node) -> tuple[Node, Node] | None:
    """A sum of which one part is a convolution nobody else reads."""
    if not isinstance(node.op, Add) or {graph[name].shape for name in node.inputs} != {node.shape}:
        return None
    order = {other.name: place for place, other in enumerate(graph)}
    for name in sorted(node.inputs, key=order.__getitem__, reverse=True):
        conv = graph[name]
        plain = isinstance(conv.op, Conv) and conv.op.activation is None and not conv.op.residual
        if plain and graph.only_reader(name) and node.inputs[0] != node.inputs[1]:
            other = node.inputs[1 - node.inputs.index(name)]
            assert isinstance(conv.op, Conv)
            return conv, replace(conv, op=replace(conv.op, residual=True), inputs=(*conv.inputs, other))
    return None


def _activation(graph: Graph, node: Node) -> tuple[Node, Node] | None:
    """An activation behind a layer nobody else reads."""
    if not isinstance(node.op, Activate):
        return None
    layer = graph[node.inputs[0]]
    if not isinstance(layer.op, Conv | Linear) or layer.op.activation is not None or not graph.only_reader(layer.name):
        return None
    return layer, layer.with_op(replace(layer.op, activation=node.op.kind))


def _both(first: Sides, second: Sides) -> Sides:
    return (first[0] + second[0], first[1] + second[1], first[2] + second[2], first[3] + second[3])
