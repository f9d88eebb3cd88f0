"""Elastic: the image stretched like rubber.

What: first a random affine map (three points in the middle each moved by up to ``affine`` pixels in both directions),
  then every pixel moved by a smooth random field: uniform noise smoothed with ``sigma``, times ``amplitude``. The
  published constants fall from large coarse moves to small fine ones, so a mild one may move pixels further than a
  hard one does.
When: shapes matter more than textures.
Cost: two bilinear samplings and a smoothing.
Options: none.
Reference: Hendrycks & Dietterich, ICLR 2019, arXiv 1903.12261; constants of the generators published with it.
"""

from typing import ClassVar, final

import torch
from torch import Tensor
from torch.nn import functional as F

from tombola.data.corruptions._base import Corruption, Levels, Setting
from tombola.data.corruptions._smoothing import smoothed
from tombola.data.corruptions._streams import Streams, uniform


@final
class Elastic(Corruption):
    """Stretched and wrung."""

    # Amplitude and sigma of the field, reach of the affine map; all in pixels.
    LEVELS: ClassVar[Levels] = {
        32: ((0, 0, 2.56), (1.6, 6.4, 2.24), (2.56, 1.92, 1.92), (3.2, 1.28, 1.6), (3.2, 0.96, 0.96)),
        64: ((0, 0, 5.12), (3.2, 19.2, 3.84), (6.4, 5.12, 3.84), (6.4, 1.92, 1.92), (10.24, 1.92, 1.28)),
        # Shares of 244 pixels, not 224, in the published program.
        224: (
            (488, 170.8, 24.4),
            (488, 19.52, 48.8),
            (12.2, 2.44, 4.88),
            (17.08, 2.44, 4.88),
            (29.28, 2.44, 4.88),
        ),
    }

    def change(self, x: Tensor, setting: Setting, own: Streams) -> Tensor:
        amplitude, sigma, affine = setting
        size = x.shape[3]
        stretched = sampled(x, affine_places(uniform(own, 3, 2, low=-affine, high=affine), size), mirror_centres=True)
        if amplitude == 0:
            return stretched
        field = smoothed(uniform(own, 2, size, size, low=-1.0, high=1.0), sigma, edge="mirror", truncate=3)
        places = _grid(size) + amplitude * field.permute(0, 2, 3, 1)
        return sampled(stretched, places, mirror_centres=False)


def affine_places(moves: Tensor, size: int) -> Tensor:
    """Where each pixel (across, down) of the result lies in the image, (N, S, S, 2).

    The affine map is the one that brings three points around the middle to where ``moves`` (N, 3, 2) takes them.
    """
    middle, arm = size // 2, max(1, size // 3)
    corners = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]], dtype=torch.float64)
    points = middle + arm * corners
    back = torch.linalg.solve(F.pad(points + moves, (0, 1), value=1.0), points.expand_as(moves))
    places: Tensor = F.pad(_grid(size), (0, 1), value=1.0) @ back[:, None]
    return places


def sampled(x: Tensor, places: Tensor, *, mirror_centres: bool) -> Tensor:
    """(N, C, S, S) between pixels, bilinearly; mirrored beyond the edge, or at the centres of the last pixels."""
    size = x.shape[3]
    scaled = 2 * places / max(1, size - 1) - 1 if mirror_centres else (2 * places + 1) / size - 1
    return F.grid_sample(x, scaled, padding_mode="reflection", align_corners=mirror_centres)


def _grid(size: int) -> Tensor:
    """(S, S, 2): each pixel's own place, across and down."""
    along = torch.arange(size, dtype=torch.float64)
    return torch.stack(torch.meshgrid(along, along, indexing="xy"), -1)
