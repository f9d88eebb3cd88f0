"""`Growing`: the nodes of a graph so far, and what moves values to where an operation reads them."""

from collections.abc import Sequence
from dataclasses import replace
from math import prod

from torch import Tensor

from tombola.graphs.call import Unsupported
from tombola.graphs.graph import Node, Shape
from tombola.graphs.ops import Conv, Flatten, Linear, Op, Scale
from tombola.graphs.tokens import Constant, Embed, Move, Part
from tombola.graphs.views import Axes, Axis, Side, View, common, in_order, length, merged, places, sizes, whole


class Growing:
    """Nodes by name, in order. What is put is there; views say how torch's values lie in them."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}

    def put(self, name: str, op: Op, inputs: Sequence[str], shape: Shape) -> str:
        """The name under which a new node stands: its layer's, or the given one, or with a number behind it."""
        layer, number = _layer_name(op), 0
        own = wanted = layer if layer and layer not in self.nodes else name
        while own in self.nodes:
            number += 1
            own = f"{wanted}_{number}"
        self.nodes[own] = Node(own, op, tuple(inputs), shape)
        return own

    def shape(self, view: View) -> Shape:
        """Of the map that a view is of."""
        return self.nodes[view.node].shape

    def covers(self, view: View) -> bool:
        """Whether a view shows its whole map."""
        return view.covers(self.nodes[view.node])

    def arranged(self, view: View, channels: Sequence[int], pixels: Sequence[int], shape: Shape) -> str:
        """A map of this shape whose channels are these dimensions of a view, and its pixels those."""
        outer, inner = (merged(tuple(axis for dim in dims for axis in view.dims[dim])) for dims in (channels, pixels))
        return self._laid(view, outer, inner, shape)

    def plain(self, view: View) -> str:
        """A map whose shape is the tensor's own without its batch."""
        shape = view.shape[1:]
        if len(shape) not in (1, 3) or view.shape[0] != 1:
            raise Unsupported(f"values of shape {shape} where a map (C, H, W) or a vector is read")
        return self.arranged(view, (1,), range(2, len(view.dims)), shape)

    def tokens(self, view: View) -> View:
        """The same values in a map whose channels are the last dimension; its pixels stand as they do now if they can.

        What has one pixel is a vector.
        """
        own = self.nodes[view.node]
        rest = tuple(axis for axes in view.dims[:-1] for axis in axes)
        features, count = view.shape[-1], length(rest)
        there = merged(view.dims[-1]) == in_order(own.shape[0], "channels") and self.covers(view)
        if there and all(axis.of == "pixels" for axis in rest) and (count > 1 or len(own.shape) == 1):
            return view
        shape = (features,) if count == 1 else (features, 1, count)
        return self.like(view, self.arranged(view, (len(view.dims) - 1,), range(len(view.dims) - 1), shape))

    def straight(self, view: View) -> View:
        """The same values in a map in which every dimension lies in one piece: those of channels, then the others."""
        channels = [dim for dim, axes in enumerate(view.dims) if any(axis.of == "channels" for axis in axes)]
        pixels = [dim for dim in range(len(view.dims)) if dim not in channels]
        shape = map_shape(view.shape, channels, pixels)
        return seen(self.arranged(view, channels, pixels, shape), view.shape, channels, pixels)

    def like(self, view: View, name: str) -> View:
        """A map that `arranged` made with the last dimension as channels, looked at as ``view``."""
        last = len(view.dims) - 1
        return seen(name, view.shape, (last,), range(last))

    def alike(self, view: View, model: View) -> str:
        """A map in which the values of ``view`` lie where those of ``model``, which covers its map, lie in its own."""
        if view.dims == model.dims and view.first == model.first and self.shape(view) == self.shape(model):
            return view.node
        pairs = [common(theirs, own) for theirs, own in zip(model.dims, view.dims, strict=True)]
        both = [(one, other) for ours, others in pairs for one, other in zip(ours, others, strict=True)]
        laid = sorted(both, key=lambda pair: -pair[0].step)
        outer, inner = (merged(tuple(own for there, own in laid if there.of == of)) for of in ("channels", "pixels"))
        return self._laid(view, outer, inner, self.shape(model))

    def constant(self, value: Tensor, model: View) -> Tensor:
        """A constant's values (C, P) where those of ``model``, which covers its map, lie."""
        channels, pixels = sizes(self.shape(model))
        try:
            wide = value.float().expand(model.shape)
        except RuntimeError:
            raise Unsupported(f"a constant of shape {tuple(value.shape)} beside values of {model.shape}") from None
        found = wide.new_empty(channels * pixels)
        found[places(model, self.shape(model)).flatten()] = wide.flatten()
        return found.view(channels, pixels)

    def put_constant(self, name: str, value: Tensor) -> str:
        """The node of a constant map (C, H, W)."""
        return self.put(f"{name}.constant", Constant(value.float().contiguous()), (), tuple(value.shape))

    def _laid(self, view: View, outer: Axes, inner: Axes, shape: Shape) -> str:
        own = self.nodes[view.node]
        pixels = sizes(own.shape)[1]
        same_pixels = inner == in_order(pixels, "pixels") and view.first[1] == 0
        if same_pixels and own.shape[1:] == shape[1:] and outer == in_order(length(outer), "channels"):
            if shape == own.shape:
                return own.name
            return self.put(f"{own.name}.part", Part(view.first[0]), (own.name,), shape)
        if len(shape) == 1 and not inner and outer == whole_order(own.shape) and view.first == (0, 0):
            return self.put(f"{own.name}.flat", Flatten(), (own.name,), shape)
        op = Move(outer, inner, view.first)
        assert length(outer) == shape[0]
        assert length(inner) == prod(shape[1:])
        return self.put(f"{own.name}.moved", op, (own.name,), shape)


def map_shape(shape: Sequence[int], channels: Sequence[int], pixels: Sequence[int]) -> Shape:
    """(C, H, W) of a tensor's dimensions: of those of pixels the first runs down; (C, 1, W) of a single one."""
    lengths = [shape[place] for place in pixels if shape[place] > 1]
    height = lengths[0] if len(lengths) > 1 else 1
    return (prod(shape[place] for place in channels), height, prod(lengths) // height)


def seen(name: str, shape: Sequence[int], channels: Sequence[int], pixels: Sequence[int]) -> View:
    """The view of a map whose channels are these dimensions, in order, and its pixels those."""
    dims: list[Axes] = [()] * len(shape)
    of: Side
    for of, given in (("channels", channels), ("pixels", pixels)):
        step = prod(shape[place] for place in given)
        for place in given:
            step //= shape[place]
            dims[place] = merged((Axis(shape[place], of, step),))
    return View(name, tuple(dims))


def whole_order(shape: Shape) -> Axes:
    """All axes of a map as torch flattens it."""
    return merged(tuple(axis for axes in whole("", shape).dims for axis in axes))


def moved_to(view: View, name: str) -> View:
    """The same look at another node of the same shape."""
    return replace(view, node=name)


def _layer_name(op: Op) -> str:
    if isinstance(op, Conv | Linear | Embed):
        return op.tensor.removesuffix(".weight")
    return op.module if isinstance(op, Scale) else ""
