"""What torch's operations on values alone are in a `Graph`: sums, products, activations, other shapes."""

from typing import Any

import torch
from torch import Tensor, fx

from tombola.graphs.call import Call, Found, Unsupported
from tombola.graphs.graph import Shape
from tombola.graphs.ops import Activation, Add, Concat, Flatten, Mul, Pad, Pool, Scale, Widen


def clamped(call: Call) -> Activation:
    """What a cut at both ends is."""
    low, high = call.get(1, "min", -1), call.get(2, "max", None if call.kind == "clamp" else 1)
    kinds: dict[object, Activation] = {(0, None): "relu", (0, 6): "relu6"}
    if (low, high) not in kinds:
        raise Unsupported(f"values cut at {low} and {high}; a graph has relu and relu6")
    return kinds[low, high]


def added(call: Call) -> Found:
    sign = (-1 if call.kind == "sub" else 1) * call.get(2, "alpha", 1)
    if len(call.inputs) == 2 and sign == 1:
        return [(Add(), _broadcast(call.inputs, call.shape))]
    first, second = call.get(0, "self"), call.get(1, "other")
    if isinstance(first, fx.Node):
        return _scale(1.0, sign * _constant(second, "a sum"), call.shape)
    return _scale(sign, _constant(first, "a sum"), call.shape)


def multiplied(call: Call) -> Found:
    if len(call.inputs) == 2:
        return [(Mul(), _broadcast(call.inputs, call.shape))]
    first, second = call.get(0, "self"), call.get(1, "other")
    return _scale(_constant(second if isinstance(first, fx.Node) else first, "a product"), 0.0, call.shape)


def divided(call: Call) -> Found:
    if not isinstance(call.get(0, "self"), fx.Node) or len(call.inputs) != 1:
        raise Unsupported("a quotient of two computed values")
    return _scale(1 / _constant(call.get(1, "other"), "a quotient"), 0.0, call.shape)


def joined(call: Call) -> Found:
    dim = call.get(1, "dim", 0)
    if dim not in (1, -len(call.shape)):
        raise Unsupported(f"a concatenation along dimension {dim}; a graph joins channels, dimension 1")
    return [(Concat(), call.shape)]


def padded(call: Call) -> Found:
    given = [*call.get(1, "pad"), 0, 0, 0, 0, 0, 0]
    constant = call.kind != "pad" or call.get(2, "mode", "constant") == "constant"
    value = float(call.get(3 if call.kind == "pad" else 2, "value", 0.0) or 0.0)
    left, right, top, bottom, before, after = given[:6]
    if not constant or any(given[6:]) or min(given) < 0 or (value and (before or after)):
        raise Unsupported("a border that is not a constant, or that cuts; a graph pads height and width with a value")
    wide = (call.inputs[0][0] + before + after, *call.inputs[0][1:])
    widened: Found = [(Widen(before, after), wide)] if before or after else []
    return widened + ([(Pad((top, bottom, left, right), value), call.shape)] if any(given[:4]) else [])


def sliced(call: Call) -> Found:
    if call.shape == call.inputs[0]:
        return []
    dim, start, step = call.get(1, "dim", 0), call.get(2, "start") or 0, call.get(4, "step", 1)
    if dim not in (2, 3) or start or call.shape[dim - 1] != -(-call.inputs[0][dim - 1] // step):
        raise Unsupported("a part of a map; a graph takes every n-th row or column from the first")
    return [(Pool("max", (1, 1), (step, 1) if dim == 2 else (1, step)), call.shape)]


def reshaped(call: Call) -> Found:
    if call.shape == call.inputs[0]:
        return []
    if len(call.shape) != 1 or (call.kind in ("view", "reshape") and call.get(1, "size")[0] not in (1, -1)):
        raise Unsupported(f"values put from {call.inputs[0]} into {call.shape}; a graph flattens to a vector")
    return [(Flatten(), call.shape)]


def _broadcast(inputs: tuple[Shape, ...], shape: Shape) -> Shape:
    if shape not in inputs or not {*inputs} <= {shape, (shape[0], 1, 1)}:
        raise Unsupported(f"two inputs of {inputs[0]} and {inputs[1]}; they are of one shape, or one is (C, 1, 1)")
    return shape


def _scale(scale: Any, shift: Any, shape: Shape) -> Found:
    return [(Scale(_per_channel(scale, shape), _per_channel(shift, shape)), shape)]


def _per_channel(value: Any, shape: Shape) -> Tensor:
    tensor = torch.as_tensor(value, dtype=torch.float32)
    given = tuple(tensor.shape)
    if tensor.numel() == 1:
        return tensor.reshape(1).expand(shape[0]).clone()
    while len(given) > len(shape) and given[0] == 1:
        given = given[1:]
    if given != (shape[0], *(1 for _ in shape[1:])):
        raise Unsupported(f"a constant of shape {tuple(tensor.shape)}; a graph has one number a channel")
    return tensor.reshape(-1).clone()


def _constant(value: Any, what: str) -> Tensor:
    if not isinstance(value, Tensor | int | float):
        raise Unsupported(f"{what} with something that is no constant")
    return torch.as_tensor(value, dtype=torch.float32)
