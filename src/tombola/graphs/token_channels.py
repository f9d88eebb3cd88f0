"""Which channels of zeros the operations of transformers pass on, and which channels they read."""

import torch
from torch import Tensor

from tombola.graphs.attending import channels_read
from tombola.graphs.graph import Graph, Node, Shape
from tombola.graphs.ops import OfTokens
from tombola.graphs.tokens import Attention, Constant, Embed, Join, Move, Part


def zero_of_tokens(op: OfTokens, inputs: list[Tensor], node: Node, graph: Graph) -> Tensor:
    """Which channels of the output are zero, of whose inputs these are."""
    match op:
        case Constant(value):
            return (value == 0).flatten(1).all(1)
        case Embed(table):
            return (table == 0).all(0)
        case Part(first):
            return inputs[0][first : first + node.shape[0]]
        case Join():
            return torch.stack(inputs).all(0)
        case Move():
            return inputs[0][channels_read(op, graph[node.inputs[0]].shape, node.shape)].all(1)
        case Attention():
            return inputs[2]
    return torch.zeros(node.shape[0], dtype=torch.bool)


def read_by_tokens(op: OfTokens, place: int, read: Tensor, node: Node, before: Shape) -> Tensor:
    """Which channels of input number ``place`` are read, of whose output these are."""
    found = torch.zeros(before[0], dtype=torch.bool)
    match op:
        case Part(first):
            found[first : first + len(read)] = read
            return found
        case Move():
            found[channels_read(op, before, node.shape)[read].flatten()] = True
            return found
        case Attention(heads) if place < 2:
            return read.view(heads, -1).any(1).repeat_interleave(before[0] // heads)
        case Attention() | Join():
            return read
    return read.any().expand(before[0])
