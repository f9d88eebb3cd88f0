"""Impulse noise: salt and pepper, values lost to black or white.

What: each value of each channel is, with the given chance, replaced by 0 or by 1, either as likely.
When: dead and hot pixels, broken bits; a single wrong value says nothing about its neighbours.
Cost: one random number a value.
Options: none.
Reference: Hendrycks & Dietterich, ICLR 2019, arXiv 1903.12261; constants of the generators published with it.
"""

from typing import ClassVar, final

import torch
from torch import Tensor

from tombola.data.corruptions._base import Corruption, Levels, Setting, each
from tombola.data.corruptions._streams import Streams, uniform


@final
class ImpulseNoise(Corruption):
    """Values set to 0 or 1."""

    LEVELS: ClassVar[Levels] = {
        32: each(0.01, 0.02, 0.03, 0.05, 0.07),
        64: each(0.01, 0.02, 0.05, 0.08, 0.14),
        224: each(0.03, 0.06, 0.09, 0.17, 0.27),
    }

    def change(self, x: Tensor, setting: Setting, own: Streams) -> Tensor:
        (chance,) = setting
        # Counted from either end, so that what is lost at one severity is lost at every higher one, to the same value.
        drawn = uniform(own, *x.shape[1:])
        peppered = torch.where(drawn < chance / 2, 0.0, x)
        return torch.where(drawn >= 1 - chance / 2, 1.0, peppered)
