"""`View`: how one of torch's tensors lies in a map, so that permuting and reshaping cost nothing until a layer asks.

A map has channels and pixels. Every dimension of a tensor runs over some of them: an `Axis` is a number of steps over
channels or over pixels, and a dimension is a few axes, the outermost first, none of them if its length is 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Final, Literal, TypeAlias

import torch
from torch import Tensor

from tombola.graphs.graph import Node, Shape

Side: TypeAlias = Literal["channels", "pixels"]
SIDES: Final[tuple[Side, Side]] = ("channels", "pixels")


@dataclass(frozen=True)
class Axis:
    """``size`` positions, each ``step`` channels or pixels behind the one before."""

    size: int
    of: Side
    step: int


Axes: TypeAlias = tuple[Axis, ...]


@dataclass(frozen=True)
class View:
    """``dims`` of a tensor, its batch of one among them, in the map of ``node``; ``first`` is its first channel and
    pixel.
    """

    node: str
    dims: tuple[Axes, ...]
    first: tuple[int, int] = (0, 0)

    @property
    def shape(self) -> Shape:
        """The tensor's."""
        return tuple(length(axes) for axes in self.dims)

    @property
    def axes(self) -> Axes:
        """All of them, in the tensor's order."""
        return tuple(axis for axes in self.dims for axis in axes)

    def covers(self, node: Node) -> bool:
        """Whether every value of the map is there, once."""
        return self.first == (0, 0) and all(
            _covered(self.axes, of) == size for of, size in zip(SIDES, sizes(node.shape), strict=True)
        )


class Crossing(Exception):
    """A new shape cuts through what lies apart, so the values must be moved first."""


def whole(name: str, shape: Shape) -> View:
    """A map's own view: (1, C, H, W), or (1, F) of a vector."""
    rows = [Axis(shape[0], "channels", 1)]
    rows += [Axis(size, "pixels", prod(shape[place + 1 :])) for place, size in enumerate(shape) if place]
    return View(name, ((), *(_kept((axis,)) for axis in rows)))


def sizes(shape: Shape) -> tuple[int, int]:
    """A map's channels and pixels."""
    return shape[0], prod(shape[1:])


def length(axes: Axes) -> int:
    """Positions that the axes run over together."""
    return prod(axis.size for axis in axes)


def in_order(count: int, of: Side) -> Axes:
    """So many channels or pixels, one behind the other."""
    return _kept((Axis(count, of, 1),))


def permuted(view: View, order: Sequence[int]) -> View:
    """Its dimensions in another order."""
    return replace(view, dims=tuple(view.dims[place] for place in order))


def reshaped(view: View, shape: Shape) -> View:
    """The same values in the same order in another shape. Raises `Crossing` where axes do not divide so."""
    left, dims = list(view.axes), []
    for size in shape:
        own: list[Axis] = []
        needed = size
        while needed > 1:
            axis = left.pop(0)
            if axis.size > needed:
                axis, rest = split(axis, needed)
                left.insert(0, rest)
            if needed % axis.size:
                raise Crossing
            needed //= axis.size
            own.append(axis)
        dims.append(merged(tuple(own)))
    return replace(view, dims=tuple(dims))


def split(axis: Axis, outer: int) -> tuple[Axis, Axis]:
    """An axis as an outer one of so many positions and an inner one. Raises `Crossing` where it cannot be divided."""
    if axis.size % outer:
        raise Crossing
    inner = axis.size // outer
    return replace(axis, size=outer, step=axis.step * inner), replace(axis, size=inner)


def merged(axes: Axes) -> Axes:
    """Neighbours that lie one behind the other, as one axis."""
    found: list[Axis] = []
    for axis in _kept(axes):
        before = found[-1] if found else None
        if before and before.of == axis.of and before.step == axis.size * axis.step:
            found[-1] = replace(axis, size=before.size * axis.size)
        else:
            found.append(axis)
    return tuple(found)


def sliced(view: View, dim: int, start: int, count: int, step: int = 1) -> View:
    """``count`` positions of a dimension. Raises `Crossing` where it has several axes."""
    axes = view.dims[dim]
    if count == length(axes):
        return view
    if len(axes) != 1:
        raise Crossing
    (axis,) = axes
    channel, pixel = view.first
    moved = start * axis.step
    first = (channel + moved, pixel) if axis.of == "channels" else (channel, pixel + moved)
    kept = _kept((Axis(count, axis.of, axis.step * step),))
    return View(view.node, (*view.dims[:dim], kept, *view.dims[dim + 1 :]), first)


def selected(view: View, dim: int, index: int) -> View:
    """One position of a dimension, which is gone."""
    one = sliced(view, dim, index, 1) if len(view.dims[dim]) <= 1 else _inside(view, dim, index)
    return replace(one, dims=(*one.dims[:dim], *one.dims[dim + 1 :]))


def common(first: Axes, second: Axes) -> tuple[Axes, Axes]:
    """Both as axes of the same lengths. Raises `Crossing` where they cannot be divided so."""
    ours, theirs, found = list(first), list(second), []
    while ours and theirs:
        one, other = ours.pop(0), theirs.pop(0)
        if one.size > other.size:
            one, rest = split(one, other.size)
            ours.insert(0, rest)
        elif other.size > one.size:
            other, rest = split(other, one.size)
            theirs.insert(0, rest)
        found.append((one, other))
    return tuple(pair[0] for pair in found), tuple(pair[1] for pair in found)


def places(view: View, shape: Shape) -> Tensor:
    """Where in its map each value lies: the tensor of the numbers of a map's values, channels outermost."""
    channels, pixels = sizes(shape)
    strides = [axis.step * (pixels if axis.of == "channels" else 1) for axis in view.axes]
    start = view.first[0] * pixels + view.first[1]
    numbers = torch.arange(channels * pixels)
    return numbers.as_strided([axis.size for axis in view.axes], strides, start).reshape(view.shape)


def _inside(view: View, dim: int, index: int) -> View:
    """A position of a dimension of several axes."""
    axes, channel, pixel = view.dims[dim], *view.first
    for axis in reversed(axes):
        index, at = divmod(index, axis.size)
        channel += at * axis.step if axis.of == "channels" else 0
        pixel += at * axis.step if axis.of == "pixels" else 0
    return View(view.node, (*view.dims[:dim], (), *view.dims[dim + 1 :]), (channel, pixel))


def _covered(axes: Axes, of: Side) -> int:
    return length(tuple(axis for axis in axes if axis.of == of))


def _kept(axes: Axes) -> Axes:
    return tuple(axis for axis in axes if axis.size > 1)
