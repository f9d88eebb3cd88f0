"""Gaussian noise: every value of every pixel gets its own normal deviation, as of little light.

What: x + sd n, n standard normal, independent for each channel.
When: the noise most robustness papers train against; shot and impulse noise follow it closely.
Cost: one random number a value.
Options: none.
Reference: Hendrycks & Dietterich, ICLR 2019, arXiv 1903.12261; constants of the generators published with it.
"""

from typing import ClassVar, final

from torch import Tensor

from tombola.data.corruptions._base import Corruption, Levels, Setting, each
from tombola.data.corruptions._streams import Streams, normal


@final
class GaussianNoise(Corruption):
    """Normal deviations of one width."""

    LEVELS: ClassVar[Levels] = {
        32: each(0.04, 0.06, 0.08, 0.09, 0.10),
        64: each(0.04, 0.08, 0.12, 0.15, 0.18),
        224: each(0.08, 0.12, 0.18, 0.26, 0.38),
    }

    def change(self, x: Tensor, setting: Setting, own: Streams) -> Tensor:
        (deviation,) = setting
        return x + deviation * normal(own, *x.shape[1:])
