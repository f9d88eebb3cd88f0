"""Plasma: fractal clouds by midpoint displacement, on a torus."""

import torch
from torch import Tensor

from tombola.data.corruptions._streams import Streams, uniform


def plasma(own: Streams, size: int, decay: float) -> Tensor:
    """(N, size, size) in [0, 1], each image's lowest point 0 and highest 1.

    Points between four others get their mean and a deviation, whose amplitude falls by decay squared from each scale
    to the next: a small decay is rough, a large one smooth.
    """
    side = 1 << (size - 1).bit_length()
    chance = uniform(own, side, side, low=-1.0, high=1.0)
    clouds = torch.zeros_like(chance)
    step, amplitude = side, 1.0
    while step > 1:
        _fill(clouds, chance * amplitude, step)
        step, amplitude = step // 2, amplitude / decay**2
    clouds -= clouds.amin((1, 2), keepdim=True)
    clouds /= clouds.amax((1, 2), keepdim=True)
    return clouds[:, :size, :size]


def _fill(clouds: Tensor, chance: Tensor, step: int) -> None:
    """From points ``step`` apart to points half as far apart, in place: middles of squares, then of their sides."""
    half = step // 2
    grid, middle = (slice(None, None, step),) * 2, (slice(half, None, step),) * 2
    corners, centres = clouds[:, grid[0], grid[1]], clouds[:, middle[0], middle[1]]
    pairs = corners + corners.roll(-1, 1)
    centres[:] = (pairs + pairs.roll(-1, 2)) / 4 + chance[:, middle[0], middle[1]]
    across, down = (grid[0], middle[1]), (middle[0], grid[1])
    beside = corners + corners.roll(-1, 2) + centres + centres.roll(1, 1)
    clouds[:, across[0], across[1]] = beside / 4 + chance[:, across[0], across[1]]
    beside = corners + corners.roll(-1, 1) + centres + centres.roll(1, 2)
    clouds[:, down[0], down[1]] = beside / 4 + chance[:, down[0], down[1]]
