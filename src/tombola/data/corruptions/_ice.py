"""Textures of frost, computed: feathered crystals that grow from many seeds, thick in patches and thin between.

A square is cut into the cells of points scattered over a torus. Every cell has a direction of its own along which its
needles lie, and the rims where cells meet are bright. Three sizes of cells, bent by clouds, make one texture. The same
five textures come out at any side, so small pictures see the same ice from further away.
"""

import math
from functools import lru_cache
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional as F

from tombola.data.corruptions._plasma import plasma
from tombola.data.corruptions._streams import Streams, streams, uniform

TEXTURES: Final = 5

_CELLS = (4, 9, 20)  # along a side, from the coarsest crystals to the finest
_NEEDLES = 6.0  # across a cell
_DARK, _BRIGHT = (0.07, 0.1, 0.15), (0.95, 0.98, 1.0)


@lru_cache(maxsize=3 * TEXTURES)
def ice(which: int, side: int) -> Tensor:
    """(3, side, side) in bytes, bluish white on a dark blue gray; the same for the same numbers, always."""
    own = streams(0, "ice", [which])
    bend, thickness = plasma(own, 256, 2.0)[0], plasma(own, 256, 1.4)[0]
    along = torch.arange(side) / side
    y, x = torch.meshgrid(along, along, indexing="ij")
    bent = _enlarged(bend, side) * 0.12
    grown = torch.zeros(side, side)
    for cells, strength in zip(_CELLS, (0.5, 0.45, 0.25), strict=True):
        grown += strength * _crystals(y + bent, x - bent, cells, own)
    thick = (2 * (_enlarged(thickness, side) - 0.1)).clamp(0.3, 1)
    bright = (2 * thick * (grown - 0.15)).clamp(0, 1)[None]
    dark, white = (torch.tensor(colour).view(3, 1, 1) for colour in (_DARK, _BRIGHT))
    return (255 * torch.lerp(dark, white, bright)).round().to(torch.uint8)


def _crystals(y: Tensor, x: Tensor, cells: int, own: Streams) -> Tensor:
    """One size of crystals at the places (y, x) of a torus of side 1, in [0, 1]."""
    jitter, turn = uniform(own, 2, cells, cells)[0].float(), uniform(own, cells, cells, high=math.pi)[0].float()
    nearest, second, down, across, angle = _neighbours(y * cells, x * cells, jitter, turn)
    lengthwise = down * angle.sin() + across * angle.cos()
    crosswise = across * angle.sin() - down * angle.cos()
    # Needles lean away from the crystal's axis, as the barbs of a feather do.
    barbs = (2 * math.pi * _NEEDLES * (crosswise.abs() + 0.6 * lengthwise)).cos()
    if 3 * _NEEDLES * cells > len(y):  # too fine to be seen from here
        barbs = torch.zeros_like(barbs)
    spine = (-18 * crosswise.abs()).exp()
    rim = (-9 * (second - nearest)).exp()
    return (0.55 * (0.5 + 0.5 * barbs) * (1 - nearest).clamp(0, 1) + 0.5 * spine + 0.6 * rim).clamp(0, 1)


def _neighbours(y: Tensor, x: Tensor, jitter: Tensor, turn: Tensor) -> tuple[Tensor, ...]:
    """Of each place, in units of a cell: distances to the nearest two points, the way from the nearest, its angle."""
    cells = len(turn)
    row, column = y.floor(), x.floor()
    nearest, second = torch.full_like(y, math.inf), torch.full_like(y, math.inf)
    down, across, angle = torch.zeros_like(y), torch.zeros_like(y), torch.zeros_like(y)
    for i in (-1, 0, 1):
        for j in (-1, 0, 1):
            place = ((row + i).remainder(cells) * cells + (column + j).remainder(cells)).long()
            dy = y - row - i - jitter[0].take(place)
            dx = x - column - j - jitter[1].take(place)
            distance = torch.hypot(dy, dx)
            closer = distance < nearest
            second = torch.where(closer, nearest, torch.minimum(second, distance))
            nearest = torch.where(closer, distance, nearest)
            down, across = torch.where(closer, dy, down), torch.where(closer, dx, across)
            angle = torch.where(closer, turn.take(place), angle)
    return nearest, second, down, across, angle


def _enlarged(cloud: Tensor, side: int) -> Tensor:
    """A square cloud at another side, bilinearly."""
    return F.interpolate(cloud.float()[None, None], (side, side), mode="bilinear", align_corners=False)[0, 0]
