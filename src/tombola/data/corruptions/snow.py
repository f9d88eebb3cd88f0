"""Snow: flakes in front of a whitened scene.

What: normal noise enlarged, cut below a threshold and smeared in one direction near the vertical makes the flakes,
  which are added together with themselves turned by half a circle; the scene behind is drawn towards a bright gray.
When: an occlusion that is bright.
Cost: 2 radius + 1 copies of one channel.
Options: none.
Reference: Hendrycks & Dietterich, ICLR 2019, arXiv 1903.12261; constants of the generators published with it.
"""

from typing import ClassVar, final

import torch
from torch import Tensor

from tombola.data.corruptions._base import Corruption, Levels, Setting
from tombola.data.corruptions._motion import smeared
from tombola.data.corruptions._streams import Streams, normal, uniform
from tombola.data.corruptions._zooming import zoomed


@final
class Snow(Corruption):
    """Smeared flakes."""

    # Mean and deviation of the noise, its enlargement, the threshold, radius and sigma of the smearing, and how much
    # of the scene stays as it is.
    LEVELS: ClassVar[Levels] = {
        32: (
            (0.1, 0.2, 1, 0.6, 8, 3, 0.95),
            (0.1, 0.2, 1, 0.5, 10, 4, 0.9),
            (0.15, 0.3, 1.75, 0.55, 10, 4, 0.9),
            (0.25, 0.3, 2.25, 0.6, 12, 6, 0.85),
            (0.3, 0.3, 1.25, 0.65, 14, 12, 0.8),
        ),
        64: (
            (0.1, 0.2, 1, 0.6, 8, 3, 0.8),
            (0.1, 0.2, 1, 0.5, 10, 4, 0.8),
            (0.15, 0.3, 1.75, 0.55, 10, 4, 0.7),
            (0.25, 0.3, 2.25, 0.6, 12, 6, 0.65),
            (0.3, 0.3, 1.25, 0.65, 14, 12, 0.6),
        ),
        224: (
            (0.1, 0.3, 3, 0.5, 10, 4, 0.8),
            (0.2, 0.3, 2, 0.5, 12, 4, 0.7),
            (0.55, 0.3, 4, 0.9, 12, 8, 0.7),
            (0.55, 0.3, 4.5, 0.85, 12, 8, 0.65),
            (0.55, 0.3, 2.5, 0.85, 12, 12, 0.55),
        ),
    }

    def change(self, x: Tensor, setting: Setting, own: Streams) -> Tensor:
        mean, deviation, enlarged, threshold, radius, sigma, kept = setting
        noise = zoomed(mean + deviation * normal(own, 1, *x.shape[2:]), enlarged)
        flakes = smeared(
            noise.where(noise >= threshold, 0.0).clamp_max(1), radius, sigma, uniform(own, low=-135.0, high=-45.0)
        )
        return kept * x + (1 - kept) * torch.maximum(x, 1.5 * gray(x) + 0.5) + flakes + flakes.flip(2, 3)


def gray(x: Tensor) -> Tensor:
    """The brightness of (N, 3, S, S) as the eye weighs the colours, (N, 1, S, S)."""
    return 0.299 * x[:, :1] + 0.587 * x[:, 1:2] + 0.114 * x[:, 2:]
