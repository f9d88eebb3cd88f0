"""Supernets for small images: parallel kernel sizes in every block, branches of several resolutions.

What: a 3x3 stem, then stages. A stage first mixes the branches it is given, each with the finer one beside it, and
adds a branch of half the resolution and twice the channels while there are to be more; then a block a branch. At the
end each branch goes into the next coarser one, then global average pooling and one linear layer. A block is an inverted
residual whose paths differ in their kernels (1x1 to more channels, depthwise k x k, 1x1 back); they are summed, one
batch norm over the sum, the shortcut added. What a search takes away are hidden channels of paths; a path without any
is gone, and a block without paths is its shortcut. Any image size works.
When: a search for the net is part of its training (SuperTickets).
Cost: 47 thousand weights for ``2x2`` with kernels 3 and 5.
Reference: HR-NAS, arXiv 2106.06560, as SuperTickets use it. There coarse branches go back into finer ones as well:
exporters draw no larger map from a smaller one, so here they do not.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from math import gcd
from typing import Final, TypeAlias, final

import torch
from torch import Tensor, nn

from tombola.models.resnet_cifar import he_normal

Units: TypeAlias = Mapping[int, int]
"""Hidden channels by kernel, of one block."""

NARROWEST: Final = 12
"""Channels of the finest branch, at width 1."""


@final
class Path(nn.Module):
    """One kernel's way through a block. ``norm2`` has one scale a hidden channel: what it is worth."""

    def __init__(self, inputs: int, hidden: int, outputs: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.expand = nn.Conv2d(inputs, hidden, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(hidden)
        self.act1 = nn.ReLU()
        self.depthwise = nn.Conv2d(
            hidden, hidden, kernel, stride=stride, padding=kernel // 2, groups=hidden, bias=False
        )
        self.norm2 = nn.BatchNorm2d(hidden)
        self.act2 = nn.ReLU()
        self.project = nn.Conv2d(hidden, outputs, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act1(self.norm1(self.expand(x)))
        found: Tensor = self.project(self.act2(self.norm2(self.depthwise(x))))
        return found


@final
class Block(nn.Module):
    """Parallel paths, their sum normalised, and a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int, units: Units) -> None:
        super().__init__()
        self.kernels = tuple(units)
        self.paths = nn.ModuleDict(
            {f"k{kernel}": Path(inputs, hidden, outputs, kernel, stride) for kernel, hidden in units.items() if hidden}
        )
        self.norm = nn.BatchNorm2d(outputs) if self.paths else None
        self.stride = stride
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Conv2d(inputs, outputs, 1, groups=gcd(inputs, outputs), bias=False)

    def forward(self, x: Tensor) -> Tensor:
        short: Tensor = self.shortcut(x[:, :, :: self.stride, :: self.stride] if self.stride > 1 else x)
        if self.norm is None:
            return short
        found: Tensor = self.norm(_sum([path(x) for path in self.paths.values()])) + short
        return found

    def units(self) -> dict[int, int]:
        """Hidden channels by kernel; 0 where a path is gone."""
        return {
            kernel: path.norm2.num_features if isinstance(path := self.paths._modules.get(f"k{kernel}"), Path) else 0
            for kernel in self.kernels
        }


@final
class Stage(nn.Module):
    """Branches mixed, one more where asked, and a block each."""

    def __init__(self, inputs: Sequence[int], outputs: Sequence[int], units: Iterator[Units]) -> None:
        super().__init__()
        self.same = nn.ModuleList(Block(each, each, 1, next(units)) for each in inputs)
        self.down = nn.ModuleList(
            Block(fine, coarse, 2, next(units)) for fine, coarse in zip(inputs, outputs[1:], strict=False)
        )
        self.acts = nn.ModuleList(nn.ReLU() for _ in outputs)
        self.blocks = nn.ModuleList(Block(each, each, 1, next(units)) for each in outputs)

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        mixed: list[list[Tensor]] = [[] for _ in self.acts]
        for place, (block, x) in enumerate(zip(self.same, maps, strict=True)):
            mixed[place].append(block(x))
        for place, (block, x) in enumerate(zip(self.down, maps, strict=False)):
            mixed[place + 1].append(block(x))
        acted = [act(_sum(parts)) for act, parts in zip(self.acts, mixed, strict=True)]
        return [block(x) for block, x in zip(self.blocks, acted, strict=True)]


@final
class Supernet(nn.Module):
    """Logits (N, num_classes) of images (N, 3, H, W). Built without initial values: see `supernet`."""

    def __init__(self, branches: Sequence[Sequence[int]], num_classes: int, units: Iterator[Units]) -> None:
        super().__init__()
        first, last = branches[0][0], branches[-1]
        self.conv1 = nn.Conv2d(3, first, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(first)
        self.act1 = nn.ReLU()
        earlier = [[first], *branches[:-1]]
        self.stages = nn.ModuleList(
            Stage(before, after, units) for before, after in zip(earlier, branches, strict=True)
        )
        self.gather = nn.ModuleList(Block(fine, coarse, 2, next(units)) for fine, coarse in pairwise(last))
        self.act2 = nn.ReLU()
        self.linear = nn.Linear(last[-1], num_classes)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.linear(self.forward_features(x).mean((2, 3)))
        return out

    def forward_features(self, x: Tensor) -> Tensor:
        """The maps of the coarsest branch (N, C, h, w), before they are averaged."""
        maps = [self.act1(self.bn1(self.conv1(x)))]
        for stage in self.stages:
            maps = stage(maps)
        found = maps[0]
        for block, coarse in zip(self.gather, maps[1:], strict=True):
            found = block(found) + coarse
        ended: Tensor = self.act2(found)
        return ended

    def blocks(self) -> dict[str, Block]:
        """By name, in the order in which they are built."""
        return {name: module for name, module in self.named_modules() if isinstance(module, Block)}

    def paths(self) -> dict[str, Path]:
        """By name, in the order in which they are built; those that are gone left out."""
        return {name: module for name, module in self.named_modules() if isinstance(module, Path)}


def supernet(
    shape: tuple[int, int],
    units: Sequence[Units] | None = None,
    *,
    kernels: Sequence[int] = (3, 5),
    expansion: int = 2,
    width: float = 1.0,
    num_classes: int = 10,
    generator: torch.Generator,
) -> Supernet:
    """A net of (stages, branches) with He-normal weights drawn from ``generator``.

    ``units`` are the hidden channels of each block, as `Supernet.blocks` has them; left out each path has
    ``expansion`` times the channels that enter it.
    """
    branches = _branches(*shape, max(1, round(NARROWEST * width)))
    full = [dict.fromkeys(kernels, expansion * inputs) for inputs in _entering(branches)]
    with torch.device("meta"):  # no values yet, so nothing is drawn from the global generator
        net = Supernet(branches, num_classes, iter(full if units is None else units))
    he_normal(net, generator)
    return net


def number_of_blocks(shape: tuple[int, int]) -> int:
    """How many blocks a net of (stages, branches) has."""
    return len(_entering(_branches(*shape, 1)))


def _branches(stages: int, most: int, narrow: int) -> list[list[int]]:
    """The channels of the branches that each stage gives."""
    return [[narrow * 2**branch for branch in range(min(most, stage + 2))] for stage in range(stages)]


def _entering(branches: Sequence[Sequence[int]]) -> list[int]:
    """The channels that enter each block, in the order in which they are built."""
    found: list[int] = []
    before: Sequence[int] = branches[0][:1]
    for after in branches:
        found += [*before, *(fine for fine, _ in zip(before, after[1:], strict=False)), *after]
        before = after
    return [*found, *branches[-1][:-1]]


def _sum(maps: Sequence[Tensor]) -> Tensor:
    found = maps[0]
    for other in maps[1:]:
        found = found + other
    return found
