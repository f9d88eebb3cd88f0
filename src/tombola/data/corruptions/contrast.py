"""Contrast: everything is drawn towards the image's mean colour.

What: mean + c (x - mean), the mean taken over the image for each channel.
When: haze and bad light; the hardest of the digital four at high severity.
Cost: next to nothing.
Options: none.
Reference: Hendrycks & Dietterich, ICLR 2019, arXiv 1903.12261; constants of the generators published with it.
"""

from typing import ClassVar, final

from torch import Tensor

from tombola.data.corruptions._base import Corruption, Levels, Setting, each
from tombola.data.corruptions._streams import Streams


@final
class Contrast(Corruption):
    """A lower contrast."""

    LEVELS: ClassVar[Levels] = {
        32: each(0.75, 0.5, 0.4, 0.3, 0.15),
        64: each(0.4, 0.3, 0.2, 0.1, 0.05),
        224: each(0.4, 0.3, 0.2, 0.1, 0.05),
    }

    def change(self, x: Tensor, setting: Setting, own: Streams) -> Tensor:
        (left,) = setting
        mean = x.mean((2, 3), keepdim=True)
        return mean + left * (x - mean)
