"""Augmentation of images together with the boxes in them. Pure functions of a batch.

Images are floats (N, C, H, W), boxes padded rows (N, M, 5) of a class and two corners in pixels, class -1 for none;
both come back new, with the shapes and types they had. Boxes are cut off at the image's edges; a box of which less than
a pixel's width or height is left is none.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from tombola.data._augment_scenes import AugmentScenes, laid_as, windows

NO_BOX = -1
"""The class of a row that only fills up."""


def augment_boxes(
    x: Tensor, boxes: Tensor, policy: AugmentScenes, *, scale: tuple[float, float], generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Training images and boxes after the named policy; ``none`` returns them as they are."""
    if policy == "none":
        return x, boxes
    mirrored, same = flip(x, boxes, generator=generator)
    return scaled(mirrored, same, scale, generator=generator) if policy == "flip_scale" else (mirrored, same)


def flip(x: Tensor, boxes: Tensor, *, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Each image and its boxes mirrored left to right with probability one half."""
    chosen = (torch.rand(len(x), generator=generator, device=generator.device) < 0.5).to(x.device)
    turned = torch.where(chosen.view(-1, 1, 1, 1), x.flip(3), x)
    return turned, torch.where(chosen.view(-1, 1, 1), mirrored(boxes, x.shape[3]), boxes)


def mirrored(boxes: Tensor, width: int) -> Tensor:
    """Boxes of images this wide, mirrored left to right; rows that only fill up stay.

    >>> mirrored(torch.tensor([[0.0, 1, 2, 4, 6]]), 10)
    tensor([[0., 6., 2., 9., 6.]])
    """
    label, left, top, right, bottom = boxes.unbind(-1)
    other = torch.stack([label, width - right, top, width - left, bottom], -1)
    return torch.where(label[..., None] >= 0, other, boxes)


def scaled(
    x: Tensor, boxes: Tensor, scale: tuple[float, float], *, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Each image ``scale`` times as large, seen through a window of the shape it had, at random; black around it."""
    seen = windows(x, scale, generator=generator)
    moved = F.grid_sample(x, seen.grid(x), mode="bilinear", align_corners=False)
    sides = boxes.new_tensor([x.shape[3], x.shape[2]])
    middle = torch.stack([seen.across, seen.down], 1).to(boxes.dtype)[:, None, None]
    corners = boxes[..., 1:].reshape(*boxes.shape[:2], 2, 2) / sides * 2 - 1
    there = ((corners - middle) / seen.half.to(boxes.dtype).view(-1, 1, 1, 1) + 1) / 2 * sides
    return laid_as(moved, x), cut_off(torch.cat([boxes[..., :1], there.flatten(-2)], -1), x.shape[3], x.shape[2])


def cut_off(boxes: Tensor, width: int, height: int) -> Tensor:
    """Boxes (..., 5) as far as they lie in the image; what is left of none is a row of class -1 and zeros.

    >>> cut_off(torch.tensor([[1.0, -3, 2, 4, 60], [0, 9.5, 0, 30, 4]]), 10, 8)
    tensor([[ 1.,  0.,  2.,  4.,  8.],
            [-1.,  0.,  0.,  0.,  0.]])
    """
    ends = boxes.new_tensor([width, height, width, height])
    corners = torch.minimum(boxes[..., 1:].clamp_min(0), ends)
    left = ((corners[..., 2:] - corners[..., :2]) >= 1).all(-1) & (boxes[..., 0] >= 0)
    nothing = boxes.new_tensor([NO_BOX, 0, 0, 0, 0])
    return torch.where(left[..., None], torch.cat([boxes[..., :1], corners], -1), nothing)
