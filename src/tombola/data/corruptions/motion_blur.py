"""Motion blur: the camera moved while the shutter was open.

What: the image smeared along one direction, its angle drawn from -45 to 45 degrees, with half a Gaussian's weights.
When: blur with a direction.
Cost: 2 radius + 1 copies of the image.
Options: none.
Reference: Hendrycks & Dietterich, ICLR 2019, arXiv 1903.12261; constants of the generators published with it.
"""

from typing import ClassVar, final

from torch import Tensor

from tombola.data.corruptions._base import Corruption, Levels, Setting
from tombola.data.corruptions._motion import smeared
from tombola.data.corruptions._streams import Streams, uniform


@final
class MotionBlur(Corruption):
    """Smeared near the horizontal."""

    # Radius and sigma of the Gaussian.
    LEVELS: ClassVar[Levels] = {
        32: ((6, 1), (6, 1.5), (6, 2), (8, 2), (9, 2.5)),
        64: ((10, 1), (10, 1.5), (10, 2), (10, 2.5), (12, 3)),
        224: ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15)),
    }

    def change(self, x: Tensor, setting: Setting, own: Streams) -> Tensor:
        radius, sigma = setting
        return smeared(x, radius, sigma, uniform(own, low=-45.0, high=45.0))
