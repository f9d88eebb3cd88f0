"""Pixelate: too few pixels, enlarged.

What: made smaller by taking every pixel's nearest box, and brought back without smoothing.
When: a low resolution source.
Cost: Pillow's two resizings an image.
Options: none.
Reference: Hendrycks & Dietterich, ICLR 2019, arXiv 1903.12261; constants of the generators published with it.
"""

from typing import ClassVar, final

from torch import Tensor

from tombola.data.corruptions._base import Corruption, Levels, Setting, each
from tombola.data.corruptions._pictures import through_pictures
from tombola.data.corruptions._streams import Streams


@final
class Pixelate(Corruption):
    """Coarse squares."""

    LEVELS: ClassVar[Levels] = {
        32: each(0.95, 0.9, 0.85, 0.75, 0.65),
        64: each(0.9, 0.8, 0.7, 0.6, 0.5),
        224: each(0.6, 0.5, 0.4, 0.3, 0.25),
    }

    def change(self, x: Tensor, setting: Setting, own: Streams) -> Tensor:
        from PIL.Image import Resampling

        (share,) = setting
        size = x.shape[3]
        few = max(1, int(size * share))
        return through_pictures(
            x, lambda picture: picture.resize((few, few), Resampling.BOX).resize((size, size), Resampling.BOX)
        )
