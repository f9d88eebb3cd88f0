"""`with_stems`: dense convolutions of stride 2 with tall kernels, and the pooling behind them, as steps of their own.

Their rows are made two at once with fewer products (`native.windows`), and pooled while they are near.
"""

from typing import Final

from tombola.graphs.graph import Graph, Node
from tombola.graphs.ops import Conv, Pair, Pool, Stem

ROWS: Final = range(5, 9)
"""Of a kernel: fewer save next to nothing, more would take points at which floats are less exact."""
MOST_INPUTS: Final = 8
DENSE: Final = 0.9
"""Weights kept: all are computed here, and a third of the products is what there is to win."""


def with_stems(graph: Graph) -> Graph:
    """The same function, up to the rounding of sums in another order."""
    found: dict[str, Node] = {}
    renamed: dict[str, str] = {}
    for node in graph:
        if isinstance(node.op, Conv) and is_stem(node.op) and node.shape[1] > 1:
            reader = graph.only_reader(node.name)
            pooled = reader if reader is not None and _is_pooled_by_pairs(reader) else None
            found[node.name] = _stem(node, node.op, pooled)
            renamed |= {pooled.name: node.name} if pooled else {}
    nodes = [found.get(node.name, node) for node in graph if node.name not in renamed]
    read = [
        Node(node.name, node.op, tuple(renamed.get(name, name) for name in node.inputs), node.shape) for node in nodes
    ]
    return graph.with_nodes(read, renamed.get(graph.output, graph.output))


def is_stem(conv: Conv) -> bool:
    """Whether two of its rows at once are less work."""
    weight = conv.weight
    alone = conv.groups == 1 and conv.dilation == (1, 1) and not conv.residual
    small = weight.shape[1] <= MOST_INPUTS and weight.shape[2] in ROWS and weight.shape[3] > 1
    ends = conv.activation in (None, "relu", "relu6")
    return alone and small and ends and conv.stride == (2, 2) and int(weight.count_nonzero()) >= DENSE * weight.numel()


def _stem(node: Node, conv: Conv, pooled: Node | None) -> Node:
    pool = None if pooled is None else pooled.op
    assert pool is None or isinstance(pool, Pool)
    size: Pair = (node.shape[1], node.shape[2])
    return Node(node.name, Stem(conv, pool, size), node.inputs, node.shape if pooled is None else pooled.shape)


def _is_pooled_by_pairs(node: Node) -> bool:
    """Whether every window has the rows of a pair and the one above it, or those of them that there are."""
    op = node.op
    if not isinstance(op, Pool) or op.kind != "max" or op.dilation != (1, 1):
        return False
    return op.kernel[0] == 3 and op.stride[0] == 2 and op.padding[0] == 1
