"""Gaussian smoothing of any width as one small matrix for each axis, what lies beyond the edge folded into it."""

from functools import lru_cache

import torch
from torch import Tensor

from tombola.data.corruptions._edges import Edge, folded


def smoothed(x: Tensor, sigma: float, *, edge: Edge, truncate: float) -> Tensor:
    """(..., S, S) in float64 smoothed along both axes; the Gaussian ends at ``truncate`` standard deviations."""
    matrix = _matrix(x.shape[-1], sigma, edge, truncate)
    return x if matrix is None else matrix @ x @ matrix.T


def gaussian(sigma: float, radius: int) -> Tensor:
    """2 radius + 1 weights that sum to 1."""
    weights = torch.exp(-0.5 * (torch.arange(-radius, radius + 1, dtype=torch.float64) / sigma).square())
    return weights / weights.sum()


@lru_cache(maxsize=64)
def _matrix(size: int, sigma: float, edge: Edge, truncate: float) -> Tensor | None:
    """(size, size); None where the Gaussian is so narrow that it is one pixel."""
    radius = int(truncate * sigma + 0.5)
    if radius == 0:
        return None
    weights = gaussian(sigma, radius)
    reached = torch.arange(size)[:, None] + torch.arange(-radius, radius + 1)
    return torch.zeros(size, size, dtype=torch.float64).scatter_add_(
        1, folded(reached, size, edge), weights.expand(size, -1)
    )
