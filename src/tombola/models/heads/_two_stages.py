"""The layer of `faster_rcnn`: anchors are told to hold something or not, and the likeliest boxes are looked at again.

Rows of its outputs are anchors, then proposals: a box, which of the two it is (-1: none), n + 1 times four deltas and
n + 1 logits, of which an anchor has one each. Boxes are shares of the image.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tombola.models.heads._anchored import Pyramid, Shape, anchors

PROPOSALS: Final = 300
"""Boxes of an image that are looked at again."""
_SHAPES: Final[list[Shape]] = [(4 / aspect**0.5, 4 * aspect**0.5) for aspect in (0.5, 1.0, 2.0)]
_SIDE: Final = 7  # places of what is cut out of the maps for a box
_USUAL: Final = 28.0  # places of the finest map: a box of these sides is looked at on the one after it
_SEVERAL: Final = 3  # of the pyramid's maps, those that boxes are cut out of


@final
class TwoStages(nn.Module):
    """A pyramid, torchvision's region proposals over it, and its box head over what they propose."""

    def __init__(self, channels: Sequence[int], hidden: int, classes: int) -> None:
        from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
        from torchvision.models.detection.rpn import RPNHead
        from torchvision.ops.feature_pyramid_network import LastLevelMaxPool

        super().__init__()
        self.classes: Final = classes
        self.pyramid = Pyramid(channels, hidden, LastLevelMaxPool())
        self.proposing: nn.Module = RPNHead(hidden, len(_SHAPES))
        self.looking: nn.Module = TwoMLPHead(hidden * _SIDE**2, 4 * hidden)
        self.telling: nn.Module = FastRCNNPredictor(4 * hidden, classes + 1)

    def forward(self, levels: Sequence[Tensor]) -> Tensor:
        maps = self.pyramid(levels)
        logits, deltas = (_rows(each, len(_SHAPES)) for each in self.proposing(maps))
        own = anchors(maps, _SHAPES).expand(len(logits), -1, -1)
        proposals = _proposals(own, deltas, logits, [one.shape[-2] * one.shape[-1] * len(_SHAPES) for one in maps])
        last, edges = self.telling(self.looking(cut_out(maps[:_SEVERAL], proposals)))
        last, edges = (each.float().unflatten(0, proposals.shape[:2]) for each in (last, edges))
        there = (proposals[..., 2:] > proposals[..., :2]).all(2, keepdim=True)
        again = torch.cat([proposals, torch.where(there, 1.0, -1.0), edges, last], 2)
        more = last.shape[2] - 1
        first = torch.cat(
            [own, logits.new_zeros(logits.shape), F.pad(deltas, (0, 4 * more)), F.pad(logits, (0, more))], 2
        )
        return torch.cat([first, again], 1).transpose(1, 2)


def _rows(each: Sequence[Tensor], shapes: int) -> Tensor:
    """Of maps (N, shapes * k, rows, columns), (N, A, k): rows, columns, shapes."""
    found = [
        one.float().reshape(len(one), shapes, -1, *one.shape[-2:]).permute(0, 3, 4, 1, 2).flatten(1, 3) for one in each
    ]
    return torch.cat(found, 1)


@torch.no_grad()
def _proposals(own: Tensor, deltas: Tensor, logits: Tensor, counts: Sequence[int]) -> Tensor:
    """The likeliest boxes of each image, each once, (N, `PROPOSALS`, 4); filled up with boxes of no area."""
    rules = proposing()
    boxes = rules.box_coder.decode_single(deltas.flatten(0, 1), own.flatten(0, 1)).view_as(own)
    each, _ = rules.filter_proposals(boxes, logits, [(1, 1)] * len(own), [*counts])
    return torch.stack([F.pad(one, (0, 0, 0, PROPOSALS - len(one))) for one in each])


def cut_out(maps: Sequence[Tensor], boxes: Tensor) -> Tensor:
    """What lies in boxes (N, P, 4), (N * P, channels, 7, 7), each out of the map that suits its size."""
    from torchvision.ops import roi_align

    image = torch.arange(len(boxes), device=boxes.device).repeat_interleave(boxes.shape[1])
    flat = boxes.flatten(0, 1)
    sides = (flat[:, 2:] - flat[:, :2]) * flat.new_tensor([maps[0].shape[-1], maps[0].shape[-2]])
    which = (1 + (sides.prod(1).clamp_min(1e-12).sqrt() / _USUAL).log2()).floor().clamp(0, len(maps) - 1)
    found = maps[0].new_zeros(len(flat), maps[0].shape[1], _SIDE, _SIDE, dtype=torch.float32)
    for place, one in enumerate(maps):
        mine = (which == place).nonzero()[:, 0]
        rows = torch.cat([image[mine, None], flat[mine] * flat.new_tensor([*one.shape[:1:-1]] * 2)], 1)
        found = found.index_copy(0, mine, roi_align(one.float(), rows, _SIDE, sampling_ratio=2))
    return found


@lru_cache(maxsize=1)
def proposing() -> Any:
    """torchvision's region proposals without weights: how anchors are matched, and boxes picked."""
    from torchvision.models.detection.rpn import RegionProposalNetwork

    most = {"training": PROPOSALS, "testing": PROPOSALS}
    return RegionProposalNetwork(None, None, 0.7, 0.3, 256, 0.5, most, most, 0.7)


@lru_cache(maxsize=1)
def looking_again() -> Any:
    """torchvision's box head without weights: how proposals are matched, and boxes decoded."""
    from torchvision.models.detection.roi_heads import RoIHeads

    return RoIHeads(None, None, None, 0.5, 0.5, 512, 0.25, None, 0.05, 0.5, 100)
