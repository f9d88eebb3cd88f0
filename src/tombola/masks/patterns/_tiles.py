"""Groups that are tiles of a weight: so many outputs by so many inputs by a piece of the kernel."""

from collections.abc import Sequence
from functools import cached_property
from math import prod
from typing import final

import torch
import torch.nn.functional as F
from torch import Size, Tensor

from tombola.masks.layers import Layer, numbers
from tombola.masks.patterns._base import Grouping


@final
class Tiles(Grouping):
    """The tiles of one tensor, outputs first; what is left over at the end of an axis makes smaller tiles.

    ``tile`` says how long a tile is along the outputs, the inputs of one group and each axis of the kernel. No tile
    crosses a convolution's groups. With ``order`` the outputs are put into that order first. What is given and made
    a group has the shape of the tiles: one axis for each of the weight's, outputs first.
    """

    def __init__(self, layer: Layer, tile: Sequence[int], order: Tensor | None = None) -> None:
        outputs, *rest = outputs_first(layer)
        self._layer = layer
        self._order = order
        self._lengths = (outputs // layer.groups, *rest)
        self._tile = tuple(max(1, min(size, length)) for size, length in zip(tile, self._lengths, strict=True))
        self._counts = tuple(-(-length // size) for size, length in zip(self._tile, self._lengths, strict=True))

    @property
    def shape(self) -> Size:
        """How many tiles there are along each axis."""
        return Size((self._layer.groups * self._counts[0], *self._counts[1:]))

    @cached_property
    def sizes(self) -> Tensor:
        if self._even:
            return numbers(self.shape, prod(self._tile))
        sizes = torch.ones(self.shape, dtype=torch.int64)
        for axis, (size, count, length) in enumerate(zip(self._tile, self._counts, self._lengths, strict=True)):
            along = torch.full((count,), size)
            along[-1] = length - size * (count - 1)
            along = along.repeat(self._layer.groups) if axis == 0 else along
            sizes *= along.view(-1, *(1 for _ in self.shape[axis + 1 :]))
        return sizes

    def means(self, values: Tensor) -> Tensor:
        first = self._layer.outputs_first(values)
        if max(self._tile) == 1:
            return first
        if self._order is not None:
            first = first[self._order.to(first.device)]
        exact = first.float() if first.dtype in (torch.float16, torch.bfloat16) else first
        sums = self._cut(exact).sum(dim=tuple(range(2, 2 * exact.dim() + 1, 2))).reshape(self.shape)
        sizes = prod(self._tile) if self._even else self.sizes.to(sums.device)
        means: Tensor = (sums / sizes).to(values.dtype)
        return means

    def expand(self, values: Tensor) -> Tensor:
        if max(self._tile) == 1:
            return self._layer.as_stored(values)
        each = values.reshape(self._layer.groups, *(part for count in self._counts for part in (count, 1)))
        full = each.expand(-1, *self._parts).reshape(self._layer.groups, *self._padded)
        for axis, length in enumerate(self._lengths, start=1):
            full = full.narrow(axis, 0, length)
        full = full.reshape(outputs_first(self._layer))
        if self._order is not None:
            full = full[self._order.argsort().to(full.device)]
        return self._layer.as_stored(full)

    @property
    def _even(self) -> bool:
        return self._padded == self._lengths

    @property
    def _padded(self) -> tuple[int, ...]:
        return tuple(size * count for size, count in zip(self._tile, self._counts, strict=True))

    @property
    def _parts(self) -> tuple[int, ...]:
        return tuple(part for pair in zip(self._counts, self._tile, strict=True) for part in pair)

    def _cut(self, first: Tensor) -> Tensor:
        """As (groups, tiles, in a tile, tiles, in a tile, ...), with zeros where a tile is not full."""
        split = first.reshape(self._layer.groups, *self._lengths)
        if not self._even:
            missing = [full - length for full, length in zip(self._padded, self._lengths, strict=True)]
            split = F.pad(split, [part for lack in reversed(missing) for part in (0, lack)])
        return split.reshape(self._layer.groups, *self._parts)


def outputs_first(layer: Layer) -> Size:
    """The shape of a layer's weight as `Layer.outputs_first` makes it."""
    if not layer.transposed:
        return layer.shape
    inputs, _, *kernel = layer.shape
    return Size((layer.outputs, inputs // layer.groups, *kernel))


def tile(layer: Layer, *, outputs: int = 1, inputs: int = 1, kernel: int = 1, last: int = 1) -> tuple[int, ...]:
    """How long a tile is along each axis of a layer's weight; ``last`` is along the last axis of its kernel."""
    axes = len(layer.shape)
    found = [outputs, inputs, *[kernel] * (axes - 2)][:axes]
    if axes > 2:
        found[-1] = max(kernel, last)
    return tuple(found)
