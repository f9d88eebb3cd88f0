"""What lies beyond an image's edge: places outside folded back into it."""

from typing import Literal, TypeAlias

import torch
from torch import Tensor

Edge: TypeAlias = Literal["clamp", "mirror", "mirror_centres"]
"""``clamp``: the last pixel goes on (aaa|abc); ``mirror``: mirrored at the edge (cba|abc); ``mirror_centres``: at the
last pixel's centre, which is not repeated (cb|abc)."""


def folded(places: Tensor, size: int, edge: Edge) -> Tensor:
    """Whole places along an axis, however far outside, as places in 0..size-1."""
    if edge == "clamp" or size == 1:
        return places.clamp(0, size - 1)
    period = 2 * size if edge == "mirror" else 2 * size - 2
    inside = places.remainder(period)
    back = period - 1 - inside if edge == "mirror" else period - inside
    return torch.minimum(inside, back)


def padded(x: Tensor, pixels: int, edge: Edge) -> Tensor:
    """(..., H, W) with so many pixels more on every side."""
    rows, columns = (folded(torch.arange(-pixels, side + pixels), side, edge) for side in x.shape[-2:])
    return x[..., rows, :][..., columns]
