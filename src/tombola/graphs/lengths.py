"""`at_length`: the graph of texts as one of shorter texts; `require_any_length`: whether it goes for every length."""

from dataclasses import replace

from tombola.errors import ModelError
from tombola.graphs.cells import CellLinear, CellSums, FromCells, ToCells
from tombola.graphs.graph import Graph, Node
from tombola.graphs.ops import Activate, Adaptive, Add, Concat, Conv, Flatten, Input, Linear, Mul, Op, Scale
from tombola.graphs.tokens import Attention, Constant, Embed, Move, Norm, Part

EACH = (Input, Embed, Linear, Scale, Activate, Add, Mul, Concat, Norm, Part, Constant, CellLinear, ToCells, FromCells)
"""What is done with every token by itself, or with a vector."""


def at_length(graph: Graph, tokens: int) -> Graph:
    """What the network computes of texts of so many tokens; ``graph`` is of longer ones."""
    whole = graph.input.shape[2]
    if tokens == whole:
        return graph
    return Graph(tuple(_cut(node, whole, tokens) for node in graph), graph.output)


def require_any_length(graph: Graph) -> None:
    """Raises `ModelError` naming the layer that asks for one length of texts."""
    whole = graph.input.shape[2]
    if whole < 2:
        raise ModelError("texts of a single token; give a length of at least 2")
    for node in graph:
        before = graph[node.inputs[0]].shape if node.inputs else ()
        if not _goes(node.op, node.shape, before):
            raise ModelError(
                f"{node.name!r} ({type(node.op).__name__.lower()}) depends on how long a text is; a native net of texts"
                " has layers of every token, attention, the mean and the first token (export it to ONNX)"
            )


def _goes(op: Op, shape: tuple[int, ...], before: tuple[int, ...]) -> bool:
    match op:
        case Conv() | CellSums():
            return op.weight.shape[2:] == (1, 1) and op.stride == (1, 1) and not any(op.padding)
        case Attention(windows=windows):
            return windows == 1
        case Move(pixels=pixels, first=first):
            return not pixels and first[1] == 0 and all(axis.of == "channels" for axis in op.channels)
        case Adaptive():
            return shape[1:] == (1, 1)
        case Flatten():
            return before[1:] == (1, 1)
    return isinstance(op, EACH)


def _cut(node: Node, whole: int, tokens: int) -> Node:
    op, shape = node.op, node.shape
    if isinstance(op, Attention) and op.bias is not None:
        op = replace(op, bias=op.bias[..., :tokens, :tokens].contiguous())
    if isinstance(op, Constant) and shape[1:] == (1, whole):
        op = replace(op, value=op.value[..., :tokens].contiguous())
    return replace(node, op=op, shape=(shape[0], 1, tokens) if shape[1:] == (1, whole) else shape)
