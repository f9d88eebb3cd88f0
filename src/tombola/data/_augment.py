"""Augmentation: random changes of a whole batch at once, on its device. Pure functions; chance from a generator.

Every function takes floats (N, C, H, W), returns a new tensor of the same shape, type, device and memory format, and
draws for each image on its own.
"""

from typing import Literal, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional as F

Augment: TypeAlias = Literal["none", "shift", "flip_shift", "rrc"]
"""``shift``: up to an eighth of the side (CIFAR's pad 4 and crop); ``flip_shift``: that and mirrored half of the time;
``rrc``: a random part, 8 to 100 % of the area, resized to the whole, and mirrored half of the time."""


def augment(x: Tensor, policy: Augment, *, generator: torch.Generator) -> Tensor:
    """Training images after the named policy; ``none`` returns them as they are."""
    if policy == "none":
        return x
    if policy == "rrc":
        return flip(random_resized_crop(x, generator=generator), generator=generator)
    mirrored = flip(x, generator=generator) if policy == "flip_shift" else x
    return shift(mirrored, x.shape[-1] // 8, generator=generator)


def flip(x: Tensor, *, generator: torch.Generator) -> Tensor:
    """Each image mirrored left to right with probability one half."""
    chosen = torch.rand(len(x), generator=generator, device=generator.device) < 0.5
    return torch.where(chosen.to(x.device).view(-1, 1, 1, 1), x.flip(3), x)


def shift(x: Tensor, pixels: int, *, generator: torch.Generator) -> Tensor:
    """Each image moved by up to ``pixels`` in either direction, black coming in: pad and crop."""
    count, channels, height, width = x.shape
    down, across = torch.randint(2 * pixels + 1, (2, count), generator=generator, device=generator.device).to(x.device)
    padded = F.pad(x.permute(0, 2, 3, 1), (0, 0, *(pixels,) * 4)).contiguous()
    image, row, column, _ = padded.stride()
    # All windows of every image as one view: choosing among them copies whole rows of pixels.
    windows = padded.as_strided(
        (count, 2 * pixels + 1, 2 * pixels + 1, height, width * channels), (image, row, column, row, 1)
    )
    chosen = windows[torch.arange(count, device=x.device), down, across]
    moved = chosen.view(count, height, width, channels).permute(0, 3, 1, 2)
    return moved.contiguous(memory_format=_memory_format(x))


def random_resized_crop(
    x: Tensor,
    *,
    generator: torch.Generator,
    area: tuple[float, float] = (0.08, 1.0),
    aspect: tuple[float, float] = (3 / 4, 4 / 3),
) -> Tensor:
    """A random part of each image, of so much of its area and such an aspect, resized bilinearly to the whole."""
    drawn = torch.rand((4, len(x)), generator=generator, device=generator.device).to(x.device)
    share = area[0] + (area[1] - area[0]) * drawn[0]
    low, high = (torch.tensor(value).log() for value in aspect)
    ratio = (low + (high - low) * drawn[1]).exp()
    # Half sides in the coordinates of `affine_grid`, where the image spans -1..1.
    wide, tall = (share * ratio).sqrt().clamp(max=1), (share / ratio).sqrt().clamp(max=1)
    zero = torch.zeros_like(wide)
    across, down = (1 - wide) * (2 * drawn[2] - 1), (1 - tall) * (2 * drawn[3] - 1)
    theta = torch.stack([wide, zero, across, zero, tall, down], 1).view(-1, 2, 3).to(x.dtype)
    grid = F.affine_grid(theta, list(x.shape), align_corners=False)
    cropped = F.grid_sample(x, grid, padding_mode="border", align_corners=False)
    return cropped.contiguous(memory_format=_memory_format(x))


def _memory_format(x: Tensor) -> torch.memory_format:
    return torch.contiguous_format if x.is_contiguous() else torch.channels_last
