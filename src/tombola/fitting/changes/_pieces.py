"""x * sigmoid(beta x) piece by piece: what a piece passes through stays in the processor's cache.

The same bits as the three operations on the whole map, whose results in between would each go to memory and back.
"""

from collections.abc import Iterator
from typing import Any, Final

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn import functional as F

PIECE: Final = 1 << 15
"""Numbers at once: 128 KiB in float32, a multiple of every vector's length, so that no number is computed otherwise."""
SMALL: Final = 1 << 22
"""Maps of fewer numbers lie in the cache whole, or nearly so, and pieces would only cost their calls."""

_silu = torch.ops.aten.silu
_backward = torch.ops.aten.silu_backward


def soft(x: Tensor, beta: Tensor) -> Tensor:
    """x * sigmoid(beta x), as SiLU of beta x over beta: it keeps one map for its gradient, the product keeps two."""
    found: Tensor = InPieces.apply(x, beta) if in_pieces(x) else _whole(x, beta)
    return found


def _whole(x: Tensor, beta: Tensor) -> Tensor:
    return F.silu(beta * x) / beta


def in_pieces(x: Tensor) -> bool:
    """Whether pieces are worth it: for large maps on a CPU, without holes, of which no program is being made."""
    whole = x.is_contiguous() or (x.ndim == 4 and x.is_contiguous(memory_format=torch.channels_last))
    return x.device.type == "cpu" and x.numel() >= SMALL and whole and not torch.compiler.is_compiling()


class InPieces(Function):
    """Forward and backward by pieces; ``beta`` is no parameter and has no gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, beta: Tensor) -> Tensor:
        ctx.save_for_backward(x, beta)
        out = torch.empty_like(x)
        for given, made in _pieces(x, out):
            torch.mul(given, beta, out=made)
            _silu.out(made, out=made)
            made.div_(beta)
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        x, beta = ctx.saved_tensors
        if torch.is_grad_enabled():  # a gradient of this gradient is asked for
            return torch.autograd.grad(_whole(x, beta), x, grad, create_graph=True)[0], None
        if grad.stride() != x.stride():  # no piece of it is one of x: rare, and as it would be without pieces
            return _backward(grad / beta, beta * x) * beta, None
        out, scaled = torch.empty_like(x), x.new_empty(PIECE)
        for given, asked, made in _pieces(x, grad, out):
            times = torch.mul(given, beta, out=scaled[: len(given)])
            torch.div(asked, beta, out=made)
            _backward.grad_input(made, times, grad_input=made)
            made.mul_(beta)
        return out, None


def _pieces(*maps: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """The same pieces of maps of one size and layout, as they lie in memory."""
    return zip(*(torch.split(_as_it_lies(one), PIECE) for one in maps), strict=True)


def _as_it_lies(x: Tensor) -> Tensor:
    return (x if x.is_contiguous() else x.permute(0, 2, 3, 1)).view(-1)
