"""`folded`: batch norms and other scales as part of the weights of the layer before or after them."""

from dataclasses import replace

from torch import Tensor

from tombola.graphs.graph import Graph, Node
from tombola.graphs.ops import Conv, Linear, Op, Scale
from tombola.graphs.tokens import Embed


def folded(graph: Graph) -> Graph:
    """The same function with every `Scale` behind a layer in that layer, a zero weight staying exactly zero.

    What stands before a layer goes into it only where that is exact: no border of zeros may lie between. The
    normaliser before a padded convolution stays.
    """
    return _into_the_next(_into_the_one_before(graph))


def _into_the_one_before(graph: Graph) -> Graph:
    nodes: dict[str, Node] = {}
    moved: dict[str, str] = {}
    for node in graph:
        inputs = tuple(moved.get(name, name) for name in node.inputs)
        before = nodes.get(inputs[0]) if inputs else None
        layer = before and _scaled(before.op, node.op)
        if before and layer and graph.only_reader(node.inputs[0]):
            nodes[before.name] = before.with_op(layer)
            moved[node.name] = before.name
        else:
            nodes[node.name] = replace(node, inputs=inputs)
    return graph.with_nodes(list(nodes.values()), moved.get(graph.output, graph.output))


def _into_the_next(graph: Graph) -> Graph:
    nodes = []
    for node in graph:
        before = graph[node.inputs[0]] if node.inputs else node
        layer = _of_scaled(node.op, before.op)
        if layer and graph.only_reader(before.name):
            nodes.append(replace(node, op=layer, inputs=(before.inputs[0], *node.inputs[1:])))
        else:
            nodes.append(node)
    return graph.with_nodes(nodes)


def _scaled(layer: Op, scale: Op) -> Conv | Linear | Scale | Embed | None:
    """``scale(layer(x))`` as one layer, or as one scale."""
    if isinstance(layer, Scale) and isinstance(scale, Scale):
        return Scale(layer.scale * scale.scale, layer.shift * scale.scale + scale.shift)
    if isinstance(layer, Embed) and isinstance(scale, Scale):
        return replace(layer, table=layer.table * scale.scale + scale.shift)
    if not isinstance(layer, Conv | Linear) or not isinstance(scale, Scale) or layer.activation is not None:
        return None
    if isinstance(layer, Conv) and layer.residual:
        return None
    bias = scale.shift if layer.bias is None else layer.bias * scale.scale + scale.shift
    return replace(layer, weight=_times(layer.weight, _along(scale.scale, layer.weight, 0)), bias=bias)


def _of_scaled(layer: Op, scale: Op) -> Conv | Linear | None:
    """``layer(scale(x))`` as one layer, where no zeros are put around what is scaled."""
    if not isinstance(layer, Conv | Linear) or not isinstance(scale, Scale):
        return None
    if isinstance(layer, Linear):
        bias = layer.weight @ scale.shift
        return replace(layer, weight=_times(layer.weight, scale.scale), bias=bias + _or_zero(layer.bias))
    if layer.groups != 1 or (any(layer.padding) and scale.shift.any()):
        return None
    bias = layer.weight.sum((2, 3)) @ scale.shift
    weight = _times(layer.weight, _along(scale.scale, layer.weight, 1))
    return replace(layer, weight=weight, bias=bias + _or_zero(layer.bias))


def _times(weight: Tensor, factor: Tensor) -> Tensor:
    """The product, where a zero stays +0.0 whatever the factor is."""
    return (weight * factor).masked_fill_(weight == 0, 0.0)


def _along(vector: Tensor, weight: Tensor, dim: int) -> Tensor:
    return vector.view([-1 if d == dim else 1 for d in range(weight.ndim)])


def _or_zero(bias: Tensor | None) -> Tensor | float:
    return 0.0 if bias is None else bias
