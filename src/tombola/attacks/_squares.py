"""What Square tries: stripes and squares on the corners of the linf ball, moved bumps on the edge of the l2 ball.

``numbers`` are uniform in [0, 1), a row an image; `start_numbers` and `step_numbers` say how many each takes.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import torch
from torch import Tensor

from tombola.attacks._norms import Bounds, Norm, displace, project_l2

HALVINGS = (10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000)  # of 10,000 queries
TILES = 5  # about so many tiles a side in the first l2 point
INSIDE = 1 - 1e-5  # of the l2 ball: more than the sums below lose by rounding

Index: TypeAlias = tuple[Tensor, Tensor, Tensor, Tensor]


@dataclass(frozen=True)
class Patch:
    """A window of every image, (N, C, pixels, pixels): what was there, and what is tried. Only windows are touched."""

    index: Index
    before: Tensor
    after: Tensor

    def put(self, images: Tensor) -> None:
        """Write what is tried, in place."""
        images[self.index] = self.after

    def settle(self, images: Tensor, better: Tensor) -> None:
        """Leave what is tried where it is ``better``, (N,), and write back what was there elsewhere."""
        images[self.index] = torch.where(better.view(-1, 1, 1, 1), self.after, self.before)


def side(query: int, norm: Norm, size: tuple[int, int], p_init: float) -> int:
    """The side of the square that query number ``query`` changes: ``p_init`` of the pixels, ever smaller, odd in l2."""
    share = p_init / 2 ** sum(query > halving for halving in HALVINGS)
    pixels = max(round(math.sqrt(share * size[0] * size[1])), 1)
    if norm == "l2":
        pixels = max(pixels, 3)
        pixels += pixels % 2 == 0
    return min(pixels, *size)


def start_numbers(norm: Norm, shape: torch.Size) -> int:
    """How many numbers the first point of an image (C, H, W) takes."""
    if norm == "linf":
        return shape[0] * shape[2]
    _, rows, columns = _tiles(shape)
    return shape[0] * rows * columns


def step_numbers(norm: Norm, channels: int) -> int:
    """How many numbers a query takes: the square's corner, a sign a channel; in l2 a second corner and a turn."""
    return 2 + channels if norm == "linf" else 5 + channels


def stripes(low: Tensor, high: Tensor, numbers: Tensor) -> Tensor:
    """The first linf point: every column of every channel at one end of the ball."""
    count, channels, _, width = low.shape
    return torch.where(numbers.view(count, channels, 1, width) < 0.5, low, high)


def squares(best: Tensor, low: Tensor, high: Tensor, pixels: int, numbers: Tensor) -> list[Patch]:
    """A square of each image set, channel by channel, to one end of the ball."""
    index = _window(best, numbers[:, 0], numbers[:, 1], pixels)
    return [Patch(index, best[index], torch.where(_wide(numbers[:, 2:]) < 0.5, low[index], high[index]))]


def tiled(x: Tensor, reach: Tensor, numbers: Tensor, bounds: Bounds) -> Tensor:
    """The first l2 point: tiles of bumps of random sign, on the edge of the ball."""
    tile, rows, columns = _tiles(x.shape[1:])
    signs = (numbers < 0.5).to(x).mul_(2).sub_(1).view(len(x), x.shape[1], rows, columns)
    grid = torch.kron(signs, bump(tile).to(x))
    delta = torch.zeros_like(x)
    up, aside = (x.shape[2] - grid.shape[2]) // 2, (x.shape[3] - grid.shape[3]) // 2
    delta[:, :, up : up + grid.shape[2], aside : aside + grid.shape[3]] = grid
    length = delta.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
    return project_l2(x, x + delta / length * reach, reach).clamp_(*bounds)


def moved(x: Tensor, best: Tensor, reach: Tensor, pixels: int, numbers: Tensor, bounds: Bounds) -> list[Patch]:
    """The mass of two windows, and what is left of the budget, put into a bump in the first; the second is emptied."""
    here = _window(x, numbers[:, 0], numbers[:, 1], pixels)
    there = _window(x, numbers[:, 2], numbers[:, 3], pixels)
    delta = best - x
    mine, other = delta[here], torch.where(_within(there, here, pixels), 0, delta[there])
    used = torch.linalg.vector_norm(delta, dim=(1, 2, 3), keepdim=True).square()
    unused = ((reach * INSIDE).square() - used).clamp_min(0)
    available = (_squared(mine) + _squared(other) + unused / x.shape[1]).sqrt()
    signs = (_wide(numbers[:, 5:]) < 0.5).to(x).mul_(2).sub_(1)
    shape = bump(pixels).to(x)
    turned = torch.where(_wide(numbers[:, 4:5]) < 0.5, shape.T, shape)
    wanted = _unit(signs * turned + _unit(mine)) * available
    placed = displace(x[here], wanted).clamp_(*bounds)
    return [Patch(there, best[there], x[there]), Patch(here, best[here], placed)]


@lru_cache(maxsize=256)
def bump(pixels: int) -> Tensor:
    """(pixels, pixels) of length 1: two pyramids beside each other, one up and one down (equation 2 of the paper).

    >>> bump(3).sign()
    tensor([[ 1., -1., -1.],
            [ 1., -1., -1.],
            [ 1., -1., -1.]])
    """
    left = pixels // 2
    whole = torch.cat([_pyramid(pixels, left), -_pyramid(pixels, pixels - left)], dim=1)
    length: Tensor = whole.norm()
    return whole / length


def _pyramid(height: int, width: int) -> Tensor:
    """Each cell the sum of 1 / (n + 1 - k)^2 for k up to how far inside it lies, n = height // 2."""
    n = height // 2
    rows, columns = (torch.arange(height) - n).abs(), (torch.arange(width) - width // 2).abs()
    depth = n - torch.maximum(rows[:, None], columns[None, :])
    heights = torch.tensor([1 / (n + 1 - k) ** 2 for k in range(n + 1)]).cumsum(0)
    return heights[depth.clamp_min(0)].masked_fill_(depth < 0, 0)


def _tiles(shape: torch.Size) -> tuple[int, int, int]:
    """The side of a tile, and how many fit down and across."""
    tile = max(min(shape[1], shape[2]) // TILES, 1)
    return tile, shape[1] // tile, shape[2] // tile


def _corner(numbers: Tensor, length: int, pixels: int) -> Tensor:
    """Where a window of ``pixels`` begins in ``length``, every place equally likely."""
    places = length - pixels + 1
    return (numbers.double() * places).long().clamp_max(places - 1)


def _window(images: Tensor, down: Tensor, across: Tensor, pixels: int) -> Index:
    """The index of a window of each image; ``down`` and ``across``, (N,) in [0, 1), say where it lies."""
    count, channels, height, width = images.shape
    line = torch.arange(pixels, device=images.device)
    rows = _corner(down, height, pixels)[:, None] + line
    columns = _corner(across, width, pixels)[:, None] + line
    image = torch.arange(count, device=images.device).view(-1, 1, 1, 1)
    channel = torch.arange(channels, device=images.device).view(1, -1, 1, 1)
    return image, channel, rows[:, None, :, None], columns[:, None, None, :]


def _within(inner: Index, outer: Index, pixels: int) -> Tensor:
    """Which cells of the windows ``inner`` lie in the windows ``outer`` too."""
    down, across = inner[2] - outer[2][:, :, :1], inner[3] - outer[3][..., :1]
    return (down >= 0) & (down < pixels) & (across >= 0) & (across < pixels)


def _squared(delta: Tensor) -> Tensor:
    """Each channel's squared length, (N, C, 1, 1)."""
    return delta.square().sum((2, 3), keepdim=True)


def _unit(delta: Tensor) -> Tensor:
    """Each channel with length 1; what is 0 stays 0."""
    return delta / _squared(delta).sqrt().clamp_min(torch.finfo(delta.dtype).tiny)


def _wide(signs: Tensor) -> Tensor:
    return signs[:, :, None, None]
