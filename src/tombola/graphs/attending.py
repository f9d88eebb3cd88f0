"""What the operations of transformers compute, in torch, on maps (N, C, H, W)."""

import torch
from torch import Tensor
from torch.nn import functional as F

from tombola.graphs.graph import Node, Shape
from tombola.graphs.ops import OfTokens
from tombola.graphs.tokens import Attention, Constant, Embed, Join, Move, Norm, Part
from tombola.graphs.views import sizes


def of_tokens(op: OfTokens, inputs: list[Tensor], node: Node) -> Tensor:
    """An operation's output of these inputs."""
    match op:
        case Norm():
            return normed(op, inputs[0])
        case Attention():
            return attended(op, *inputs)
        case Move():
            return moved(op, inputs[0], node.shape)
        case Part(first):
            return inputs[0][:, first : first + node.shape[0]]
        case Join():
            return torch.cat([x.flatten(2) for x in inputs], 2).view(len(inputs[0]), *node.shape)
        case Constant(value):
            return value.unsqueeze(0)
        case Embed(table, place):
            return F.embedding(inputs[0][:, place].long(), table).movedim(-1, 1)
    raise TypeError(f"{type(op).__name__} is no operation of transformers")


def normed(op: Norm, x: Tensor) -> Tensor:
    """Each pixel normalised over its channels."""
    return F.layer_norm(x.movedim(1, -1), x.shape[1:2], op.scale, op.shift, op.eps).movedim(-1, 1)


def attended(op: Attention, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """The attention of every head in every window."""
    ours, keys, given = (_by_head(x, op) for x in (q, k, v))
    scores = ours @ keys.transpose(-1, -2) * op.scale
    weights = (scores if op.bias is None else scores + op.bias).softmax(-1)
    found = weights @ given  # (N, windows, heads, tokens, d)
    return found.permute(0, 2, 4, 1, 3).reshape(len(q), v.shape[1], *q.shape[2:])


def moved(op: Move, x: Tensor, shape: Shape) -> Tensor:
    """The values in their new order."""
    channels, pixels = sizes(tuple(x.shape[1:]))
    axes = (*op.channels, *op.pixels)
    steps = [axis.step * (pixels if axis.of == "channels" else 1) for axis in axes]
    start = op.first[0] * pixels + op.first[1]
    flat = x.reshape(len(x), -1).contiguous()
    found = flat.as_strided([len(x), *(axis.size for axis in axes)], [channels * pixels, *steps], start)
    return found.reshape(len(x), *shape)


def channels_read(op: Move, before: Shape, after: Shape) -> Tensor:
    """(C, P) of the channel of the input that each value of the output is from."""
    channels, pixels = sizes(before)
    own = torch.arange(channels).repeat_interleave(pixels).view(1, channels, pixels)
    return moved(op, own, after).reshape(after[0], -1)


def _by_head(x: Tensor, op: Attention) -> Tensor:
    """(N, heads * d, H, W) as (N, windows, heads, tokens, d)."""
    return x.reshape(len(x), op.heads, x.shape[1] // op.heads, op.windows, -1).permute(0, 3, 1, 4, 2)
