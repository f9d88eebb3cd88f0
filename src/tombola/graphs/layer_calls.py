"""What torch's layers with windows or weights are in a `Graph`: one small function for each kind of call."""

from typing import Any

import torch
from torch import Tensor

from tombola.graphs.call import Call, Found, Unsupported
from tombola.graphs.graph import Shape
from tombola.graphs.ops import Adaptive, Conv, Flatten, Op, Pair, Pool, Scale, Sides


def convolution(call: Call) -> Found:
    weight, bias = call.get(1, "weight"), call.get(2, "bias")
    _tensors("a convolution", weight, bias)
    stride, dilation = _pair(call.get(3, "stride", 1)), _pair(call.get(5, "dilation", 1))
    groups = call.get(6, "groups", 1)
    padding = _conv_padding(call.get(4, "padding", 0), weight, dilation)
    return [(Conv(weight, bias, stride, padding, dilation, groups, call.state(1)), call.shape)]


def _conv_padding(given: Any, weight: Tensor, dilation: Pair) -> Sides:
    if given == "valid":
        return (0, 0, 0, 0)
    if given != "same":
        high, wide = _pair(given)
        return (high, high, wide, wide)
    rows, columns = (step * (length - 1) for step, length in zip(dilation, weight.shape[2:], strict=True))
    return (rows // 2, rows - rows // 2, columns // 2, columns - columns // 2)


def batch_norm(call: Call) -> Found:
    gain, bias, mean, var = (call.get(n, name) for n, name in enumerate(("weight", "bias", "mean", "var"), start=1))
    if not isinstance(mean, Tensor) or not isinstance(var, Tensor):
        raise Unsupported("a batch norm needs running statistics; this one takes each batch's own")
    module = (call.state(3) or call.state(1)).rpartition(".")[0]
    return [(Scale(*scaling(gain, bias, mean, var, call.get(7, "eps", 1e-5)), module), call.shape)]


def scaling(gain: Tensor | None, bias: Tensor | None, mean: Tensor, var: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    """Scale and shift of a batch norm in evaluation."""
    scale = torch.rsqrt(var.double() + eps) * (1 if gain is None else gain.double())
    shift = (0 if bias is None else bias.double()) - mean.double() * scale
    return scale.float(), shift.float()


def pooled(call: Call) -> Found:
    kernel = _pair(call.get(1, "kernel_size"))
    stride, (high, wide) = _pair(call.get(2, "stride") or kernel), _pair(call.get(3, "padding", 0))
    largest = call.kind == "max_pool2d"
    dilation = _pair(call.get(4, "dilation", 1)) if largest else (1, 1)
    needed = [
        (out - 1) * step + apart * (length - 1) + 1 - given - before
        for out, step, apart, length, given, before in zip(
            call.shape[1:], stride, dilation, kernel, call.inputs[0][1:], (high, wide), strict=True
        )
    ]
    sides = (high, max(high, needed[0]), wide, max(wide, needed[1]))
    if largest:
        return [(Pool("max", kernel, stride, sides, dilation), call.shape)]
    counts = call.get(5, "count_include_pad", True)
    if call.get(6, "divisor_override") is not None or (counts and sides != (high, high, wide, wide)):
        raise Unsupported(
            "an average pooling with a divisor of its own, or that counts what ceil_mode adds at the edge"
        )
    return [(Pool("average", kernel, stride, sides, counts_padding=counts), call.shape)]


def adaptive(call: Call) -> Found:
    return [] if call.shape == call.inputs[0] else [(Adaptive(), call.shape)]


def mean(call: Call) -> Found:
    if sorted(dim % 4 for dim in call.get(1, "dim") or ()) != [2, 3] or len(call.inputs[0]) != 3:
        raise Unsupported("a mean that is not over height and width")
    pooled: tuple[Op, Shape] = (Adaptive(), (call.inputs[0][0], 1, 1))
    return [pooled] if len(call.shape) == 3 else [pooled, (Flatten(), call.shape)]


def _tensors(what: str, *values: object) -> None:
    if not all(value is None or isinstance(value, Tensor) for value in values) or values[0] is None:
        raise Unsupported(f"{what} whose weights are computed anew for each image")


def _pair(value: Any) -> Pair:
    if isinstance(value, int):
        return (value, value)
    values = tuple(value)
    return (values[0], values[-1])
