"""The middle of an image enlarged to the whole."""

import math
from functools import lru_cache

import torch
from torch import Tensor


def zoomed(x: Tensor, factor: float) -> Tensor:
    """(..., S, S) enlarged by a factor >= 1, the middle S x S of it; bilinear from corner to corner of the cut."""
    first, share = _places(x.shape[-1], factor)
    second = (first + 1).clamp_max(x.shape[-1] - 1)
    tall = torch.lerp(x.index_select(-2, first), x.index_select(-2, second), share[:, None])
    return torch.lerp(tall.index_select(-1, first), tall.index_select(-1, second), share)


@lru_cache(maxsize=256)
def _places(size: int, factor: float) -> tuple[Tensor, Tensor]:
    """For each pixel along an axis of the result: the pixel before it in the image, and the share of the next one."""
    cut = math.ceil(size / factor)
    whole = round(cut * factor)
    shown = torch.arange(size, dtype=torch.float64) + (whole - size) // 2
    places = (size - cut) // 2 + shown * (cut - 1) / max(1, whole - 1)
    first = places.floor()
    return first.long(), places - first
