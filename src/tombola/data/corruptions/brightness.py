"""Brightness: more light, the colours' hue and saturation as they were.

What: the value V of hue, saturation, value is raised by an amount, to 1 at most.
When: overexposure; most networks bear it well.
Cost: next to nothing.
Options: none.
Reference: Hendrycks & Dietterich, ICLR 2019, arXiv 1903.12261; constants of the generators published with it.
"""

from typing import ClassVar, final

import torch
from torch import Tensor

from tombola.data.corruptions._base import Corruption, Levels, Setting, each
from tombola.data.corruptions._streams import Streams


@final
class Brightness(Corruption):
    """A higher value."""

    LEVELS: ClassVar[Levels] = {
        32: each(0.05, 0.1, 0.15, 0.2, 0.3),
        64: each(0.1, 0.2, 0.3, 0.4, 0.5),
        224: each(0.1, 0.2, 0.3, 0.4, 0.5),
    }

    def change(self, x: Tensor, setting: Setting, own: Streams) -> Tensor:
        (amount,) = setting
        value = x.amax(1, keepdim=True)  # of red, green and blue: the V of HSV
        raised = (value + amount).clamp_max(1)
        return torch.where(value > 0, x * raised / value.where(value > 0, 1.0), raised)
