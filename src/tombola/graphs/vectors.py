"""`with_vectors`: layers whose map is a single pixel as linear layers, which need no map.

A convolution that gives one pixel is a product with a matrix; one that is given one pixel and gives several gets its
border as a step of its own. Everything else stays as it is.
"""

from dataclasses import replace

import torch
from torch import Tensor

from tombola.graphs.graph import Graph, Node
from tombola.graphs.ops import Activate, Add, Conv, Flatten, Linear, Pad


def with_vectors(graph: Graph) -> Graph:
    """The same function. A linear layer in a convolution's place has the shape (C, 1, 1) still."""
    nodes: list[Node] = []
    for node in graph:
        before = graph[node.inputs[0]].shape if node.inputs else ()
        if isinstance(node.op, Conv) and node.shape[1:] == (1, 1):
            nodes += _linear(node, node.op, before)
        elif isinstance(node.op, Conv) and before[1:] == (1, 1):
            nodes += _bordered(node, node.op, before)
        else:
            nodes.append(node)
    return graph.with_nodes(nodes)


def _linear(node: Node, op: Conv, before: tuple[int, ...]) -> list[Node]:
    channels, height, width = before
    first = f"{node.name}.input"
    flat = Node(first, Flatten(), node.inputs[:1], (channels * height * width,))
    matrix = Linear(_matrix(op, height, width), op.bias, op.tensor, None if op.residual else op.activation)
    if not op.residual:
        return [flat, Node(node.name, matrix, (first,), node.shape)]
    product, total = f"{node.name}.product", f"{node.name}.sum" if op.activation else node.name
    found = [flat, Node(product, matrix, (first,), node.shape)]
    found.append(Node(total, Add(), (product, node.inputs[1]), node.shape))
    if op.activation:
        found.append(Node(node.name, Activate(op.activation), (total,), node.shape))
    return found


def _matrix(op: Conv, height: int, width: int) -> Tensor:
    """(out, C * H * W): each weight where its window meets the image; those that meet the border alone fall away."""
    outputs, per_group, kernel_h, kernel_w = op.weight.shape
    matrix = torch.zeros(outputs, per_group * op.groups, height, width)
    own = outputs // op.groups
    for y in range(kernel_h):
        row = y * op.dilation[0] - op.padding[0]
        for x in range(kernel_w):
            column = x * op.dilation[1] - op.padding[2]
            if 0 <= row < height and 0 <= column < width:
                for group in range(op.groups):
                    mine = slice(group * own, (group + 1) * own), slice(group * per_group, (group + 1) * per_group)
                    matrix[(*mine, row, column)] = op.weight[mine[0], :, y, x]
    return matrix.flatten(1)


def _bordered(node: Node, op: Conv, before: tuple[int, ...]) -> list[Node]:
    channels, height, width = before
    top, bottom, left, right = op.padding
    border = f"{node.name}.border"
    pad = Node(border, Pad(op.padding), node.inputs[:1], (channels, height + top + bottom, width + left + right))
    return [pad, replace(node, op=replace(op, padding=(0, 0, 0, 0)), inputs=(border, *node.inputs[1:]))]
