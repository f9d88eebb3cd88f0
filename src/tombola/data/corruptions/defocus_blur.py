"""Defocus blur: out of focus, every point becomes a disk.

What: the image convolved with a disk whose rim is softened by a Gaussian, mirrored beyond the edge.
When: blur without a direction.
Cost: two Fourier transforms an image.
Options: none.
Reference: Hendrycks & Dietterich, ICLR 2019, arXiv 1903.12261; constants of the generators published with it.
"""

from functools import lru_cache
from typing import ClassVar, final

import torch
from torch import Tensor
from torch.nn import functional as F

from tombola.data.corruptions._base import Corruption, Levels, Setting
from tombola.data.corruptions._edges import padded
from tombola.data.corruptions._smoothing import gaussian
from tombola.data.corruptions._streams import Streams


@final
class DefocusBlur(Corruption):
    """A disk for a point."""

    # Radius of the disk, softness of its rim.
    LEVELS: ClassVar[Levels] = {
        32: ((0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1)),
        64: ((0.5, 0.6), (1, 0.1), (1.5, 0.1), (2.5, 0.01), (3, 0.1)),
        224: ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5)),
    }

    def change(self, x: Tensor, setting: Setting, own: Streams) -> Tensor:
        kernel = disk(*setting)
        return convolved(padded(x, len(kernel) // 2, "mirror_centres"), kernel)


@lru_cache(maxsize=32)
def disk(radius: float, softness: float) -> Tensor:
    """A square of odd side that sums to 1: whole pixels within the radius, smoothed over 3 x 3 (5 x 5 beyond 8)."""
    rim = 1 if radius <= 8 else 2
    along = torch.arange(-int(radius) - rim, int(radius) + rim + 1)
    inside = (along.square()[:, None] + along.square() <= radius**2).double()
    soft = gaussian(softness, rim)
    spread = F.conv2d((inside / inside.sum())[None, None], soft.outer(soft)[None, None], padding=rim)
    return spread[0, 0]


def convolved(x: Tensor, kernel: Tensor) -> Tensor:
    """(..., H, W) with a symmetric kernel (k, k), where all of the kernel lies inside: (..., H - k + 1, W - k + 1)."""
    shape, lost = x.shape[-2:], len(kernel) - 1
    product = torch.fft.rfft2(x) * torch.fft.rfft2(kernel, s=shape)
    whole: Tensor = torch.fft.irfft2(product, s=shape)
    return whole[..., lost:, lost:]
