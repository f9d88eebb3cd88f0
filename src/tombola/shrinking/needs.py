"""Which channels the logits depend on: those read with a weight that is not zero for what varies and is needed."""

import torch
from torch import Tensor

from tombola.graphs.graph import Graph, Node
from tombola.graphs.ops import Concat, Conv, Flatten, Linear, Widen
from tombola.shrinking.constants import reads


def needed(graph: Graph, constant: dict[str, Tensor]) -> dict[str, Tensor]:
    """One boolean a channel for every node. ``constant`` is what `constants` found."""
    found = {node.name: torch.zeros(node.shape[0], dtype=torch.bool) for node in graph}
    found[graph.output][:] = True
    for node in reversed(graph.nodes):
        varying = found[node.name] & constant[node.name].isnan()
        for name, asked in _asked(graph, node, varying):
            found[name] = found[name] | asked
    return found


def _asked(graph: Graph, node: Node, wanted: Tensor) -> list[tuple[str, Tensor]]:
    """What the node must be given for its wanted channels."""
    op = node.op
    if isinstance(op, Conv | Linear):
        read = reads(op)
        used = (read & wanted.view(read.shape[0], -1, 1)).any(1)
        return [(node.inputs[0], used.reshape(-1))]
    if isinstance(op, Widen):
        return [(node.inputs[0], wanted[op.before : len(wanted) - op.after])]
    if isinstance(op, Concat):
        parts = torch.split(wanted, [graph[name].shape[0] for name in node.inputs])
        return list(zip(node.inputs, parts, strict=True))
    if isinstance(op, Flatten):
        return [(node.inputs[0], wanted.view(graph[node.inputs[0]].shape[0], -1).any(1))]
    return [(name, wanted) for name in node.inputs]
