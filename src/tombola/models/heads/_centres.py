"""What detection is trained by: where boxes are centred, and where their edges are. Pure functions, one loss an image.

Places (N, 2, rows, columns) and boxes are in pixels. A box's own place is the one nearest to its middle.
"""

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional as F

SPREAD: Final = 0.09
"""The deviation of the bell around a middle, of a box's sides: a tenth of its height half a fifth of a side away."""
CENTRAL: Final = 0.5
"""The share of a box's sides that its central region has: places in there tell its edges."""

LEAST: Final = 1e-6
"""The overlap that one of nothing counts as."""


@dataclass(frozen=True)
class Wanted:
    """Boxes and how places lie to them: K places of an image, flattened, and M boxes of which some only fill up."""

    there: Tensor
    """(N, M): which are boxes."""
    classes: Tensor
    """(N, M); 0 of what only fills up."""
    boxes: Tensor
    """(N, M, 4)."""
    away: Tensor
    """(N, 2, M, K): from the middle to each place, in sides of the box."""
    own: Tensor
    """(N, M): the place nearest to the middle."""


def wanted(places: Tensor, targets: Tensor) -> Wanted:
    """What places (N, 2, rows, columns) are to tell of padded boxes (N, M, 5)."""
    there, boxes = targets[..., 0] >= 0, targets[..., 1:]
    flat = places.flatten(2)
    middle, sides = (boxes[..., :2] + boxes[..., 2:]) / 2, boxes[..., 2:] - boxes[..., :2]
    off = flat[:, :, None] - middle.transpose(1, 2)[..., None]
    away = off / sides.transpose(1, 2)[..., None].clamp_min(1e-6)
    return Wanted(there, targets[..., 0].long().clamp_min(0), boxes, away, off.square().sum(1).argmin(2))


def centre_losses(logits: Tensor, want: Wanted) -> Tensor:
    """Focal loss of middles, (N,): of logits (N, n, rows, columns), a class's bell being 1 at a box's own place.

    Summed over places and classes, divided by the number of boxes: (1 - p)² log p at boxes' own places, elsewhere
    (1 - bell)⁴ p² log(1 - p), p being the sigmoid.
    """
    bell = torch.exp(-want.away.square().sum(1) / (2 * SPREAD**2))
    bell = bell.scatter(2, want.own[..., None], 1.0) * want.there[..., None]
    heat = torch.zeros_like(logits.flatten(2)).scatter_reduce(
        1, want.classes[..., None].expand_as(bell), bell.to(logits.dtype), "amax"
    )
    flat = logits.flatten(2)
    likely = flat.sigmoid()
    losses = torch.where(
        heat == 1, (1 - likely).square() * -F.logsigmoid(flat), (1 - heat) ** 4 * likely.square() * -F.logsigmoid(-flat)
    )
    return losses.sum((1, 2)) / want.there.sum(1).clamp_min(1)


def edge_losses(told: Tensor, want: Wanted) -> Tensor:
    """-log IoU of boxes told (N, 4, rows, columns) in central regions, (N,): a mean over each box's places, then boxes.

    A place in several regions is the smallest box's; 0 for an image without boxes. The logarithm pulls harder the less
    is covered, so that small boxes, of which a pixel is a large part, are told as closely as large ones.
    """
    inside = want.away.abs().amax(1) <= CENTRAL / 2
    inside = inside.scatter(2, want.own[..., None], True) & want.there[..., None]  # noqa: FBT003  torch's own
    areas = (want.boxes[..., 2:] - want.boxes[..., :2]).prod(2)[..., None]
    owner = torch.where(inside, areas, torch.inf).argmin(1)  # (N, K)
    some = inside.any(1)
    theirs = want.boxes.gather(1, owner[..., None].expand(-1, -1, 4))
    losses = -overlaps(told.flatten(2).transpose(1, 2), theirs).clamp_min(LEAST).log()
    places = torch.zeros_like(want.there, dtype=losses.dtype).scatter_add(1, owner, some.to(losses.dtype))
    weight = some / places.gather(1, owner).clamp_min(1)
    # An image without boxes has no edges to tell, and its loss still hangs on what was told, at weight 0.
    return (torch.where(some, losses, 0.0) * weight).sum(1) / (places > 0).sum(1).clamp_min(1)


def overlaps(one: Tensor, other: Tensor) -> Tensor:
    """Intersection over union, pair by pair, of boxes (..., 4).

    >>> overlaps(torch.tensor([0.0, 0, 2, 2]), torch.tensor([1.0, 0, 3, 2]))
    tensor(0.3333)
    """
    corner = torch.maximum(one[..., :2], other[..., :2])
    both = (torch.minimum(one[..., 2:], other[..., 2:]) - corner).clamp_min(0).prod(-1)
    areas = sum((boxes[..., 2:] - boxes[..., :2]).clamp_min(0).prod(-1) for boxes in (one, other))
    return both / (areas - both).clamp_min(1e-6)
