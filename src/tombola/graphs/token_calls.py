"""What torch's layers on tokens are in a `Graph`: convolutions of a map whose pixels the tokens are, norms, sums."""

from dataclasses import replace
from math import prod

import torch
from torch import Tensor

from tombola.graphs.asked import Asked, Scores, Value, of_last, over_tokens, viewed
from tombola.graphs.call import Call, Unsupported
from tombola.graphs.growing import moved_to, seen
from tombola.graphs.ops import Activate, Activation, Adaptive, Add, Conv, Linear, Mul, Op, Scale
from tombola.graphs.tokens import Norm
from tombola.graphs.value_calls import clamped
from tombola.graphs.views import View, whole


def linear(asked: Asked) -> Value:
    """A linear layer over the last dimension, whatever the others are."""
    weight, bias = asked.get(1, "weight"), asked.get(2, "bias")
    if not isinstance(weight, Tensor) or not (bias is None or isinstance(bias, Tensor)):
        raise Unsupported("a linear layer whose weights are computed anew for each image")
    view = asked.growing.tokens(asked.view())
    state = asked.call.state(1)
    op: Op = Linear(weight, bias, state)
    if len(asked.growing.shape(view)) == 3:
        op = Conv(weight[:, :, None, None], bias, tensor=state)
    made = asked.growing.put(asked.name, op, (view.node,), over_tokens(view, weight.shape[0], asked.growing))
    return of_last(view.dims, weight.shape[0], made)


def layer_norm(asked: Asked) -> Value:
    """Over the last dimension: a norm, and what scales it as an operation that folds into the next layer."""
    view = asked.growing.tokens(asked.view())
    if tuple(asked.get(1, "normalized_shape")) != view.shape[-1:]:
        raise Unsupported(f"a norm over {tuple(asked.get(1, 'normalized_shape'))}; a graph has those of one dimension")
    shape, gain, bias = asked.growing.shape(view), asked.get(2, "weight"), asked.get(3, "bias")
    name = asked.growing.put(asked.name, Norm(asked.get(4, "eps", 1e-5)), (view.node,), shape)
    if gain is not None or bias is not None:
        ones = torch.ones(shape[0])
        scale = Scale(ones if gain is None else gain, torch.zeros(shape[0]) if bias is None else bias)
        name = asked.growing.put(f"{asked.name}.scale", scale, (name,), shape)
    return moved_to(view, name)


def activated(asked: Asked) -> Value:
    """An activation of every value."""
    view = _covering(asked, viewed(asked.get(0, "self")))
    op = Activate(_activation(asked.call))
    return moved_to(view, asked.growing.put(asked.name, op, (view.node,), asked.growing.shape(view)))


def _activation(call: Call) -> Activation:
    if call.kind in ("clamp", "hardtanh"):
        return clamped(call)
    if call.kind == "gelu":
        return "gelu_tanh" if call.get(1, "approximate", "none") == "tanh" else "gelu"
    return call.kind  # type: ignore[return-value]  # the table names activations alone


def added(asked: Asked) -> Value | None:
    """A sum, a difference; None where both are whole maps or one is a number a channel."""
    sign = (-1.0 if asked.call.kind == "sub" else 1.0) * asked.get(2, "alpha", 1)
    first, second = asked.get(0, "self"), asked.get(1, "other")
    if isinstance(first, Scores) or isinstance(second, Scores):
        return _shifted(first, second, sign)
    if isinstance(first, View) and isinstance(second, View) and sign != 1:
        return _both(asked, Add(), first, _times(asked, second, sign))
    if _as_maps(asked, first, second):
        return None
    if isinstance(first, View) and isinstance(second, View):
        return _both(asked, Add(), first, second)
    if isinstance(first, View):
        return _with_constant(asked, first, torch.as_tensor(second) * sign, Add())
    if sign != 1:
        raise Unsupported("a constant less a computed value")
    return _with_constant(asked, viewed(second), torch.as_tensor(first), Add())


def multiplied(asked: Asked) -> Value | None:
    """A product, a quotient by a constant; None as of `added`."""
    first, second = asked.get(0, "self"), asked.get(1, "other")
    divides = asked.call.kind == "div"
    score, by = (first, second) if isinstance(first, Scores) else (second, first)
    if isinstance(score, Scores):
        return _scaled(score, by, divides=divides)
    if _as_maps(asked, first, second):
        return None
    if isinstance(first, View) and isinstance(second, View) and not divides:
        return _both(asked, Mul(), first, second)
    if divides and not isinstance(first, View):
        raise Unsupported("a quotient by a computed value")
    view, constant = (first, second) if isinstance(first, View) else (viewed(second), first)
    factor = torch.as_tensor(constant, dtype=torch.float32)
    return _with_constant(asked, view, 1 / factor if divides else factor, Mul())


def averaged(asked: Asked) -> Value | None:
    """A mean over all tokens; None of a whole map over height and width."""
    view, given = asked.view(), asked.get(1, "dim") or ()
    dims = sorted(dim % len(view.dims) for dim in given)
    if len(view.dims) == 4 and dims == [2, 3] and _is_plain(asked, view):
        return None
    rest = [dim for dim in range(len(view.dims)) if dim not in dims]
    if 0 in dims and view.shape[0] == 1:
        raise Unsupported("a mean over images")
    if not dims or any(axis.of != "channels" for dim in rest for axis in view.dims[dim]):
        raise Unsupported("a mean that is not over all positions of a channel")
    channels = [dim for dim in rest if view.dims[dim]]
    count, pixels = (prod(view.shape[dim] for dim in some) for some in (channels, dims))
    kept = asked.growing.arranged(view, channels, dims, _as_they_lie(asked, view, count, pixels))
    name = asked.growing.put(asked.name, Adaptive(), (kept,), (count, 1, 1))
    return _without(view, dims, name, keeps=len(asked.shape) == len(view.dims))


def _as_they_lie(asked: Asked, view: View, channels: int, pixels: int) -> tuple[int, int, int]:
    shape = asked.growing.shape(view)
    if len(shape) == 3 and shape[1] * shape[2] == pixels:
        return (channels, shape[1], shape[2])
    return (channels, 1, pixels)


def _without(view: View, dims: list[int], name: str, *, keeps: bool) -> View:
    shape = [1 if dim in dims else size for dim, size in enumerate(view.shape)]
    made = seen(name, shape, range(len(shape)), ())
    return View(name, tuple(axes for dim, axes in enumerate(made.dims) if keeps or dim not in dims))


def _covering(asked: Asked, view: View) -> View:
    """A view of a whole map of these values."""
    return view if asked.growing.covers(view) else asked.growing.tokens(view)


def _times(asked: Asked, view: View, factor: float) -> View:
    """A difference is a sum with what is scaled by -1."""
    model = _covering(asked, view)
    shape = asked.growing.shape(model)
    scale = Scale(torch.full(shape[:1], float(factor)), torch.zeros(shape[0]))
    return moved_to(model, asked.growing.put(f"{asked.name}.scaled", scale, (model.node,), shape))


def _both(asked: Asked, op: Op, first: View, second: View) -> View:
    if first.shape != second.shape:
        raise Unsupported(f"two inputs of {first.shape} and {second.shape}; on tokens they are of one shape")
    model, other = (first, second) if asked.growing.covers(first) else (second, first)
    model = _covering(asked, model)
    beside = asked.growing.alike(other, model)
    inputs = (model.node, beside) if other is second else (beside, model.node)
    return moved_to(model, asked.growing.put(asked.name, op, inputs, asked.growing.shape(model)))


def _with_constant(asked: Asked, view: View, constant: Tensor, op: Op) -> View:
    model = _covering(asked, view)
    shape = asked.growing.shape(model)
    if asked.shape != model.shape:
        raise Unsupported(f"values of {model.shape} beside a larger constant, {tuple(constant.shape)}")
    values = asked.growing.constant(constant, model)
    if bool((values == values[:, :1]).all()):
        column = values[:, 0].clone()
        zero, one = torch.zeros_like(column), torch.ones_like(column)
        scale = Scale(one, column) if isinstance(op, Add) else Scale(column, zero)
        return moved_to(model, asked.growing.put(asked.name, scale, (model.node,), shape))
    other = asked.growing.put_constant(asked.name, values.view(shape))
    return moved_to(model, asked.growing.put(asked.name, op, (model.node, other), shape))


def _shifted(first: object, second: object, sign: float) -> Scores:
    score, bias = (first, second) if isinstance(first, Scores) else (second, first)
    if not isinstance(score, Scores) or not isinstance(bias, Tensor) or score.weights:
        raise Unsupported("scores of an attention and something that is no constant")
    own = torch.zeros(()) if score.bias is None else score.bias
    try:
        wide = bias.expand(score.shape)
    except RuntimeError:
        raise Unsupported(f"a bias of {tuple(bias.shape)} for scores of {score.shape}") from None
    return replace(score, bias=own + sign * wide)


def _scaled(score: Scores, by: object, *, divides: bool) -> Scores:
    factor = torch.as_tensor(by).float() if isinstance(by, Tensor | int | float) else None
    if factor is None or factor.numel() != 1 or score.weights:
        raise Unsupported("scores of an attention times something that is no number")
    number = 1 / float(factor) if divides else float(factor)
    bias = None if score.bias is None else score.bias * number
    return replace(score, scale=score.scale * number, bias=bias)


def _as_maps(asked: Asked, *given: object) -> bool:
    """Whether the operation is one of whole maps, or vectors, as they are, and constants."""
    views = [value for value in given if isinstance(value, View)]
    return len(asked.shape) in (2, 4) and all(_is_plain(asked, view) for view in views)


def _is_plain(asked: Asked, view: View) -> bool:
    return view == whole(view.node, asked.growing.shape(view))
