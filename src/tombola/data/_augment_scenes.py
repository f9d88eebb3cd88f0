"""Augmentation of images together with their masks: what moves a pixel moves its class. Pure functions of a batch.

Images are floats (N, C, H, W), masks (N, H, W) whole numbers; both come back new, with the shapes and types they had.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional as F

from tombola.data._scenes import VOID

AugmentScenes: TypeAlias = Literal["none", "flip", "flip_scale"]
"""``flip``: mirrored left to right half of the time; ``flip_scale``: that, at a random scale, and a random part of what
is then too large; around what is too small the image is black and void."""


def augment_scenes(
    x: Tensor, masks: Tensor, policy: AugmentScenes, *, scale: tuple[float, float], generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Training images and masks after the named policy; ``none`` returns them as they are."""
    if policy == "none":
        return x, masks
    mirrored, same = flip(x, masks, generator=generator)
    return scaled(mirrored, same, scale, generator=generator) if policy == "flip_scale" else (mirrored, same)


def flip(x: Tensor, masks: Tensor, *, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Each image and its mask mirrored left to right with probability one half."""
    chosen = (torch.rand(len(x), generator=generator, device=generator.device) < 0.5).to(x.device).view(-1, 1, 1)
    return torch.where(chosen[:, None], x.flip(3), x), torch.where(chosen, masks.flip(2), masks)


def scaled(
    x: Tensor, masks: Tensor, scale: tuple[float, float], *, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Each image ``scale`` times as large, the logarithm drawn evenly, seen through a window of the shape it had.

    The window lies at random inside what is larger, and what is smaller at random inside the window.
    """
    grid = windows(x, scale, generator=generator).grid(x)
    moved = F.grid_sample(x, grid, mode="bilinear", align_corners=False)
    # Counted from 1, so that what comes in from outside, 0, is told from every class.
    counted = F.grid_sample(masks[:, None].to(x.dtype) + 1, grid, mode="nearest", align_corners=False)[:, 0]
    classes = torch.where(counted == 0, VOID + 1, counted.round()).sub_(1).to(masks.dtype)
    return laid_as(moved, x), classes


@dataclass(frozen=True)
class Windows:
    """What is seen of each image, which spans -1 to 1: half the side of a window, and where its middle is; (N,)."""

    half: Tensor
    across: Tensor
    down: Tensor

    def grid(self, x: Tensor) -> Tensor:
        """Where each pixel of the window lies in its image, as `grid_sample` takes it."""
        zero = torch.zeros_like(self.half)
        theta = torch.stack([self.half, zero, self.across, zero, self.half, self.down], 1).view(-1, 2, 3).to(x.dtype)
        return F.affine_grid(theta, list(x.shape), align_corners=False)


def windows(x: Tensor, scale: tuple[float, float], *, generator: torch.Generator) -> Windows:
    """A window for each image; a scale above 1 shows less of it, one below 1 what is around it too."""
    drawn = torch.rand((3, len(x)), generator=generator, device=generator.device).to(x.device)
    low, high = (torch.tensor(value, dtype=torch.float32).log() for value in scale)
    half = (-(low + (high - low) * drawn[0])).exp()
    across, down = ((1 - half) * (2 * place - 1) for place in drawn[1:])
    return Windows(half, across, down)


def laid_as(moved: Tensor, x: Tensor) -> Tensor:
    """Images in the memory format of those they were made of."""
    channels_last = x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous()
    return moved.contiguous(memory_format=torch.channels_last if channels_last else torch.contiguous_format)
