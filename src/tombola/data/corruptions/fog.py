"""Fog: a cloud over the image, everything pale.

What: x + ``amount`` times a plasma cloud, scaled so that the image's brightest value stays what it was; ``decay`` says
  how smooth the cloud is.
When: contrast is lost unevenly.
Cost: one random number a pixel.
Options: none.
Reference: Hendrycks & Dietterich, ICLR 2019, arXiv 1903.12261; constants of the generators published with it.
"""

from typing import ClassVar, final

from torch import Tensor

from tombola.data.corruptions._base import Corruption, Levels, Setting
from tombola.data.corruptions._plasma import plasma
from tombola.data.corruptions._streams import Streams


@final
class Fog(Corruption):
    """Plasma on top."""

    # Amount and decay of the cloud.
    LEVELS: ClassVar[Levels] = {
        32: ((0.2, 3), (0.5, 3), (0.75, 2.5), (1, 2), (1.5, 1.75)),
        64: ((0.4, 3), (0.7, 3), (1, 2.5), (1.5, 2), (2, 1.75)),
        224: ((1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4)),
    }

    def change(self, x: Tensor, setting: Setting, own: Streams) -> Tensor:
        amount, decay = setting
        brightest = x.amax((1, 2, 3), keepdim=True)
        return (x + amount * plasma(own, x.shape[3], decay)[:, None]) * brightest / (brightest + amount)
