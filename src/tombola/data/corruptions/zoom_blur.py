"""Zoom blur: the camera came closer while the shutter was open.

What: the mean of the image, once more, and of its middle enlarged by 1, 1 + step, 1 + 2 step and so on up to ``most``.
When: blur that grows from the middle to the edge.
Cost: six to thirty-one enlargements.
Options: none.
Reference: Hendrycks & Dietterich, ICLR 2019, arXiv 1903.12261; constants of the generators published with it.
"""

import math
from typing import ClassVar, final

from torch import Tensor

from tombola.data.corruptions._base import Corruption, Levels, Setting
from tombola.data.corruptions._streams import Streams
from tombola.data.corruptions._zooming import zoomed


@final
class ZoomBlur(Corruption):
    """A mean of enlargements."""

    # The largest factor, and the step towards it.
    LEVELS: ClassVar[Levels] = {
        32: ((1.06, 0.01), (1.11, 0.01), (1.16, 0.01), (1.21, 0.01), (1.26, 0.01)),
        64: ((1.06, 0.01), (1.11, 0.01), (1.16, 0.01), (1.21, 0.01), (1.26, 0.01)),
        224: ((1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03)),
    }

    def change(self, x: Tensor, setting: Setting, own: Streams) -> Tensor:
        seen, total = factors(*setting), x.clone()
        for factor in seen:
            total += zoomed(x, factor)
        return total / (len(seen) + 1)


def factors(most: float, step: float) -> list[float]:
    """1, 1 + step, ...; whether ``most`` is among them is left to rounding, as it is in the published ranges."""
    return [1 + step * count for count in range(math.ceil((most - 1) / step))]
