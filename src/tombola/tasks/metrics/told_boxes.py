"""Which boxes outputs tell: peaks of the maps of middles, each with its box, told once."""

from typing import Final, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

MOST: Final = 100
"""Boxes of an image, at most."""
ALIKE: Final = 0.5
"""Of two boxes of a class that overlap by more, the surer one is told."""


class Told(NamedTuple):
    """Boxes told of one image, the surest first: (K, 4), how sure each is, (K,), and their classes, (K,)."""

    boxes: Tensor
    sure: Tensor
    classes: Tensor


@torch.no_grad()
def told(outputs: Tensor, *, least: float = 0.001, most: int = MOST) -> list[Told]:
    """The boxes of each image that are at least so sure, the surest ``most``, on the CPU; see `Boxes` for outputs.

    A place is looked at where its logit of a class is the largest of nine. Boxes end where the image does.
    """
    sure, place, classes = _peaks(outputs[:, 6:].float(), most)
    corners = outputs[:, :4].float().flatten(2).gather(2, place[:, None].expand(-1, 4, -1)).transpose(1, 2)
    x, y = outputs[:, 4, 0].float(), outputs[:, 5, :, 0].float()
    across, down = (x[:, :1] + x[:, -1:])[..., None], (y[:, :1] + y[:, -1:])[..., None]
    ends = torch.cat([across, down, across, down], 2)
    whole = torch.minimum(corners.clamp_min(0), ends)
    return [_once(Told(*one), least) for one in zip(whole.cpu(), sure.cpu(), classes.cpu(), strict=True)]


def _peaks(logits: Tensor, most: int) -> tuple[Tensor, Tensor, Tensor]:
    """How sure the surest peaks of each image are, which places they are at, and of which class; (N, most) each."""
    peaks = logits == F.max_pool2d(logits, 3, stride=1, padding=1)
    flat = logits.sigmoid().where(peaks, 0.0).flatten(1)
    sure, which = flat.topk(min(most, flat.shape[1]), dim=1)
    places = logits.shape[2] * logits.shape[3]
    return sure, which % places, which // places


def _once(found: Told, least: float) -> Told:
    """Those sure enough, but for those that lie over a surer one of their class."""
    from torchvision.ops import batched_nms

    enough = found.sure >= least
    some = Told(*(each[enough] for each in found))
    kept = batched_nms(some.boxes, some.sure, some.classes, ALIKE)
    return Told(*(each[kept] for each in some))
