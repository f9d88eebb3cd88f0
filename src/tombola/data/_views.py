"""Views of images for learning without labels: cropped, mirrored, in other colours, gray, blurred; a batch at once.

A view is a pure function of an image and of `NUMBERS` numbers in [0, 1), so the same numbers give the same view,
whatever else is in the batch. What moves pixels along an axis (the crop's resampling, the mirror, the blur) is one
matrix an axis, and what changes colours is one matrix of 3 by 3: brightness, contrast, saturation and hue are linear in
luma and chroma, and so in any order the same. Values are cut to [0, 1] once, at the end.
"""

import math
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

NUMBERS: Final = 13
"""Random numbers that a view takes."""
_ASPECT: Final = (math.log(3 / 4), math.log(4 / 3))
_SIGMAS: Final = (0.1, 2.0)  # of the blur, in pixels
_NONE: Final = 1e-3  # a sigma that leaves every pixel what it is
_LUMA: Final = (0.299, 0.587, 0.114)
_CHROMA: Final = ((0.5959, -0.2746, -0.3213), (0.2115, -0.5227, 0.3112))


@dataclass(frozen=True)
class Looks:
    """How views may differ: the smallest share of the area, and how likely each change is.

    ``strength`` scales the jitter, of which 1.0 is 0.8 for brightness, contrast and saturation and 0.2 of a turn for
    the hue. The blur reaches a twentieth of the height, so images of less than 20 pixels have none.
    """

    smallest: float = 0.08
    mirror: float = 0.5
    jitter: float = 0.8
    strength: float = 1.0
    gray: float = 0.2
    blur: float = 0.5


def drawn(count: int, *, generator: torch.Generator) -> Tensor:
    """The numbers of so many views, (count, `NUMBERS`) in [0, 1), on the generator's device."""
    return torch.rand((count, NUMBERS), generator=generator, device=generator.device)


def viewed(x: Tensor, luck: Tensor, how: Looks) -> Tensor:
    """One view of each image of ``x`` (N, 3, H, W) in [0, 1], by ``luck`` (N, `NUMBERS`); channels last, as fast."""
    luck = luck.to(x.device, x.dtype)
    return recoloured(resampled(x, luck[:, :7], how), luck[:, 7:], how).contiguous(memory_format=torch.channels_last)


def resampled(x: Tensor, luck: Tensor, how: Looks) -> Tensor:
    """A random part of each image as large as the whole, mirrored and blurred by chance; ``luck`` is (N, 7).

    >>> x = torch.rand(2, 3, 8, 8)
    >>> still = Looks(smallest=1.0, mirror=0.0, blur=0.0)
    >>> luck = torch.tensor([[0.5] * 7] * 2)
    >>> bool(torch.allclose(resampled(x, luck, still), x, atol=1e-6))
    True
    """
    area, aspect, left, top, mirror, blur, sigma = luck.unbind(1)
    share = how.smallest + (1 - how.smallest) * area
    ratio = (_ASPECT[0] + (_ASPECT[1] - _ASPECT[0]) * aspect).exp()
    ratio = torch.where(share < 1, ratio, 1)  # the whole has its own aspect
    wide, tall = (share * ratio).sqrt().clamp(max=1), (share / ratio).sqrt().clamp(max=1)
    height, width = x.shape[-2:]
    down, across = _part(height, (1 - tall) * top, tall), _part(width, (1 - wide) * left, wide)
    across = torch.where((mirror < how.mirror).view(-1, 1, 1), across.flip(1), across)
    if reach := height // 20:
        low, high = _SIGMAS
        sigma = torch.where(blur < how.blur, low + (high - low) * sigma, _NONE)
        down, across = _gauss(height, sigma, reach) @ down, _gauss(width, sigma, reach) @ across
    return _along_both(x, down, across)


def recoloured(x: Tensor, luck: Tensor, how: Looks) -> Tensor:
    """Each image in other colours, or without any, in [0, 1]; ``luck`` is (N, 6)."""
    jittered, bright, contrast, saturation, hue, gray = luck.unbind(1)
    chosen = (jittered < how.jitter).to(x.dtype)
    most = 0.8 * how.strength * chosen
    bright, contrast, saturation = ((1 + most * (2 * one - 1)).clamp_min(0) for one in (bright, contrast, saturation))
    saturation = saturation * (gray >= how.gray)
    turn = 2 * math.pi * 0.2 * how.strength * chosen * (2 * hue - 1)
    change = torch.zeros(len(x), 3, 3, dtype=x.dtype, device=x.device)  # of luma and chroma
    change[:, 0, 0] = 1
    change[:, 1, 1] = change[:, 2, 2] = saturation * turn.cos()
    change[:, 1, 2] = -saturation * turn.sin()
    change[:, 2, 1] = -change[:, 1, 2]
    there = torch.tensor([_LUMA, *_CHROMA], dtype=x.dtype, device=x.device)
    matrix = torch.linalg.inv(there) @ change @ there * (bright * contrast).view(-1, 1, 1)
    middle = (x.mean((2, 3)) @ there[0]) * bright * (1 - contrast)
    return torch.baddbmm(middle.view(-1, 1, 1), matrix, x.flatten(2)).view(x.shape).clamp_(0, 1)


def _along_both(x: Tensor, down: Tensor, across: Tensor) -> Tensor:
    """One matrix an axis for each image: two products of batches, so laid out that neither copies its images."""
    count, channels, height, width = x.shape
    moved = torch.bmm(down, x.permute(0, 2, 3, 1).reshape(count, height, width * channels))
    rows = moved.view(count, height, width, channels).permute(0, 3, 1, 2).reshape(count, channels * height, width)
    return torch.bmm(rows, across.transpose(1, 2)).view(x.shape)


def _part(side: int, start: Tensor, share: Tensor) -> Tensor:
    """What draws a part (N,) of an axis, as shares of it, out to its whole: (N, side, side), bilinear."""
    places = torch.arange(side, dtype=start.dtype, device=start.device)
    read = start[:, None] * side + (places + 0.5) * share[:, None] - 0.5
    return (1 - (read.clamp(0, side - 1)[..., None] - places).abs()).clamp_min_(0)


def _gauss(side: int, sigma: Tensor, reach: int) -> Tensor:
    """What blurs an axis, (N, side, side): weights of neighbours within ``reach`` that are there, summing to one."""
    places = torch.arange(side, dtype=sigma.dtype, device=sigma.device)
    apart = (places[:, None] - places).abs()
    near = torch.where(apart <= reach, apart.square(), torch.inf)
    weights = (-near / (2 * sigma.square()).view(-1, 1, 1)).exp()
    return weights / weights.sum(2, keepdim=True)
