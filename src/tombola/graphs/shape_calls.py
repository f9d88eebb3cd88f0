"""What torch's operations on shapes are: another look at the same map, in most cases, and no operation."""

from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor

from tombola.graphs.asked import Asked, Scores, Value, viewed
from tombola.graphs.call import Unsupported
from tombola.graphs.graph import Shape
from tombola.graphs.growing import map_shape, seen
from tombola.graphs.ops import Concat
from tombola.graphs.tokens import Join
from tombola.graphs.views import Crossing, View, permuted, reshaped, selected, sliced, whole


def shaped(asked: Asked) -> Value | None:
    """view, reshape, flatten, unflatten, squeeze, unsqueeze; None for a whole map that becomes a vector."""
    value = asked.get(0, "input")
    if isinstance(value, Scores):
        return replace(value, shape=asked.shape, bias=_bias(value, asked.shape))
    view = viewed(value)
    if len(asked.shape) == 2 and _is_map(asked, view):
        return None
    return reshaped(view, asked.shape)


def _bias(scores: Scores, shape: Shape) -> Tensor | None:
    return None if scores.bias is None else scores.bias.expand(scores.shape).reshape(shape)


def _is_map(asked: Asked, view: View) -> bool:
    """Whether a view is of a whole map (1, C, H, W) as it lies."""
    return len(view.dims) == 4 and view == whole(view.node, asked.growing.shape(view))


def ordered(asked: Asked) -> Value:
    view = asked.view()
    if asked.call.kind == "permute":
        return permuted(view, [dim % len(view.dims) for dim in asked.get(1, "dims")])
    if asked.call.kind in ("t", "numpy_T"):
        return permuted(view, range(len(view.dims))[::-1])
    order = list(range(len(view.dims)))
    first, second = asked.dim(asked.get(1, "dim0")), asked.dim(asked.get(2, "dim1"))
    order[first], order[second] = second, first
    return permuted(view, order)


def picked(asked: Asked) -> Value:
    dim, index = asked.dim(asked.get(1, "dim")), asked.get(2, "index")
    return selected(asked.view(), dim, index % asked.view().shape[dim])


def cut(asked: Asked) -> Value | None:
    """A slice; None for every n-th row or column of a whole map from the first."""
    view, dim = asked.view(), asked.dim(asked.get(1, "dim", 0))
    if len(asked.shape) == 4 and _is_map(asked, view) and dim > 1 and not asked.get(2, "start"):
        step = asked.get(4, "step", 1)
        if asked.shape[dim] == -(-view.shape[dim] // step):
            return None
    start = asked.get(2, "start") or 0
    start = max(0, start + view.shape[dim]) if start < 0 else start
    return _sliced(asked, view, dim, start, asked.shape[dim], asked.get(4, "step", 1))


def parts(asked: Asked) -> Value:
    """chunk, split and unbind."""
    view, kind = asked.view(), asked.call.kind
    if kind == "unbind":
        dim = asked.dim(asked.get(1, "dim", 0))
        return tuple(selected(view, dim, index) for index in range(view.shape[dim]))
    dim = asked.dim(asked.get(2, "dim", 0))
    given = asked.get(1, "split_size")
    if isinstance(given, int):
        size = -(-view.shape[dim] // given) if kind == "chunk" else given
        given = [min(size, view.shape[dim] - start) for start in range(0, view.shape[dim], size)]
    starts = [sum(given[:place]) for place in range(len(given))]
    return tuple(_sliced(asked, view, dim, start, count) for start, count in zip(starts, given, strict=True))


def _sliced(asked: Asked, view: View, dim: int, start: int, count: int, step: int = 1) -> View:
    """A part of a dimension; of one that lies in pieces, after they have been put side by side."""
    try:
        return sliced(view, dim, start, count, step)
    except Crossing:
        return sliced(asked.growing.straight(view), dim, start, count, step)


def taken(asked: Asked) -> Value:
    """One of several results."""
    value = asked.get(0, "input")
    if not isinstance(value, tuple):
        raise Unsupported("a part of what is no list")
    found: View = value[asked.get(1, "index")]
    return found


def expanded(asked: Asked) -> Value:
    view = asked.view()
    if asked.shape != view.shape:
        raise Unsupported(f"values of {view.shape} repeated to {asked.shape}")
    return view


def bordered(asked: Asked) -> Value | None:
    """A border of nothing is none."""
    return None if any(asked.get(1, "pad")) else asked.view()


def rolled(asked: Asked) -> Value:
    """The dimensions turned: of each the two parts, the other way round."""
    view = asked.view()
    for shift, given in zip(asked.get(1, "shifts"), asked.get(2, "dims"), strict=True):
        dim, size = asked.dim(given), view.shape[asked.dim(given)]
        start = -shift % size
        if start:
            view = _joined(
                asked, [_sliced(asked, view, dim, start, size - start), _sliced(asked, view, dim, 0, start)], dim
            )
    return view


def joined(asked: Asked) -> Value | None:
    """A concatenation; None of whole maps along their channels."""
    dim = asked.get(1, "dim", 0) % len(asked.shape)
    given = [asked.values.get(part.name, asked.call.tensors.get(part.name)) for part in asked.get(0, "tensors")]
    views = [part for part in given if isinstance(part, View)]
    if dim == 1 and len(asked.shape) == 4 and len(views) == len(given) and all(_is_map(asked, view) for view in views):
        return None
    return _joined(asked, given, dim)


def _joined(asked: Asked, given: Sequence[object], dim: int) -> View:
    model = next((part for part in given if isinstance(part, View)), None)
    if model is None:
        raise Unsupported("a concatenation of words, as of a prompt before a text; write --to onnx")
    shapes = [tuple(part.shape) for part in given if isinstance(part, View | Tensor)]
    if len(shapes) != len(given):
        raise Unsupported("a concatenation with something that is no map")
    by_channels = _of(model, dim) == "channels"
    channels = [place for place in range(len(model.dims)) if _of(model, place) == "channels" and place != dim]
    pixels = [place for place in range(len(model.dims)) if _of(model, place) == "pixels" and place != dim]
    (channels if by_channels else pixels).insert(0, dim)
    shape = list(model.shape)
    shape[dim] = sum(own[dim] for own in shapes)
    names = [
        _part(asked, part, channels, pixels, map_shape(own, channels, pixels))
        for part, own in zip(given, shapes, strict=True)
    ]
    name = asked.growing.put(asked.name, Concat() if by_channels else Join(), names, map_shape(shape, channels, pixels))
    return seen(name, shape, channels, pixels)


def _part(asked: Asked, part: object, channels: list[int], pixels: list[int], shape: Shape) -> str:
    if isinstance(part, View):
        return asked.growing.arranged(part, channels, pixels, shape)
    assert isinstance(part, Tensor)
    rest = [place for place in range(part.ndim) if place not in (*channels, *pixels)]
    return asked.growing.put_constant(asked.name, part.permute(*channels, *pixels, *rest).reshape(shape))


def _of(view: View, dim: int) -> str:
    """Whether a dimension runs over channels or pixels; one of a single position counts as pixels."""
    kinds = {axis.of for axis in view.dims[dim]}
    if len(kinds) > 1:
        raise Unsupported("a concatenation along what are channels and pixels at once")
    return kinds.pop() if kinds else "pixels"
