"""Motion blur: each image smeared along its own direction."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F


def smeared(x: Tensor, radius: float, sigma: float, degrees: Tensor) -> Tensor:
    """(N, C, S, S), each image the weighted sum of itself moved step by step along its angle, in ``degrees`` (N,).

    The weights are one half of a Gaussian, over 2 radius + 1 whole pixels; the last pixel goes on beyond the edge.
    """
    steps = torch.arange(2 * math.ceil(radius) + 1, dtype=torch.float64)
    weights = torch.exp(-0.5 * (steps / sigma).square())
    weights = weights / weights.sum()
    reach = len(steps) - 1
    windows = F.pad(x, (reach,) * 4, mode="replicate").unfold(2, x.shape[2], 1).unfold(3, x.shape[3], 1)
    angles = torch.deg2rad(degrees)
    down, across = (_whole(steps * turn(angles)[:, None]) + reach for turn in (torch.sin, torch.cos))
    every, total = torch.arange(len(x)), torch.zeros_like(x)
    for step, weight in enumerate(weights.tolist()):
        total += windows[every, :, down[:, step], across[:, step]] * weight
    return total


def _whole(places: Tensor) -> Tensor:
    """Rounded to nearest, a half downwards."""
    return (places - 0.5).ceil().long()
