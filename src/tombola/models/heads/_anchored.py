"""What torchvision's detectors share here: a feature pyramid over a body's maps, and anchors over the pyramid's.

Outputs are (N, channels, anchors), float32: the anchor (left, top, right, bottom), then what is told of it. A head
gives anchors as shares of the image, which maps alone decide; `in_pixels` makes them pixels.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Final, TypeAlias, final

import torch
from torch import Tensor, nn

from tombola.models.heads._detector import Told

HIDDEN: Final = 256
_CANDIDATES: Final = 1000

Shape: TypeAlias = tuple[float, float]
"""Width and height of an anchor, in places of its map."""


@final
class Pyramid(nn.Module):
    """Maps of one number of channels from those of several strides, the finest first, and coarser ones behind them."""

    def __init__(self, channels: Sequence[int], hidden: int, coarser: Any) -> None:
        from torchvision.ops import FeaturePyramidNetwork

        super().__init__()
        self.fpn: nn.Module = FeaturePyramidNetwork([*channels], hidden, coarser)

    def forward(self, levels: Sequence[Tensor]) -> list[Tensor]:
        return [*self.fpn(OrderedDict((str(place), maps) for place, maps in enumerate(levels))).values()]


@final
class OneStage(nn.Module):
    """Every anchor told once, by one of torchvision's towers over all maps."""

    def __init__(self, channels: Sequence[int], hidden: int, tower: Any, shapes: Sequence[Shape]) -> None:
        from torchvision.ops.feature_pyramid_network import LastLevelP6P7

        super().__init__()
        self.pyramid = Pyramid(channels, hidden, LastLevelP6P7(hidden, hidden))
        self.tower: nn.Module = tower
        self.classes: int = tower.classification_head.cls_logits.out_channels // len(shapes)
        self._shapes = tuple(shapes)

    def forward(self, levels: Sequence[Tensor]) -> Tensor:
        maps = self.pyramid(levels)
        found = {name: value.float() for name, value in self.tower(maps).items()}
        own = anchors(maps, self._shapes).expand(maps[0].shape[0], -1, -1)
        told = [found[name] for name in ("bbox_regression", "bbox_ctrness", "cls_logits") if name in found]
        return torch.cat([own, *told], 2).transpose(1, 2)


def anchors(maps: Sequence[Tensor], shapes: Sequence[Shape]) -> Tensor:
    """(A, 4), shares of the image: boxes around the middle of every place of every map; rows, columns, shapes.

    >>> anchors([torch.zeros(1, 1, 1, 2)], [(1.0, 2.0)]).tolist()
    [[0.0, -0.5, 0.5, 1.5], [0.5, -0.5, 1.0, 1.5]]
    """
    return torch.cat([_of_one(one, shapes) for one in maps])


def _of_one(maps: Tensor, shapes: Sequence[Shape]) -> Tensor:
    rows, columns = maps.shape[-2:]
    unit = torch.tensor([columns, rows, columns, rows], device=maps.device)
    half = torch.tensor(shapes, device=maps.device).repeat(1, 2) / 2 * torch.tensor([-1, -1, 1, 1], device=maps.device)
    y, x = (torch.arange(count, device=maps.device) + 0.5 for count in (rows, columns))
    middles = torch.stack([x.expand(rows, -1), y[:, None].expand(-1, columns)], 2).repeat(1, 1, 2)
    return ((middles[:, :, None] + half) / unit).reshape(-1, 4)


def in_pixels(found: Tensor, size: torch.Size) -> Tensor:
    """Outputs whose boxes are in pixels of an image of this height and width."""
    sides = torch.tensor([size[1], size[0]], device=found.device).repeat(2)[:, None]
    return torch.cat([found[:, :4] * sides, found[:, 4:]], 1)


def of_each(targets: Tensor) -> list[dict[str, Tensor]]:
    """Padded boxes (N, M, 5) as torchvision has them."""
    own = (one[one[:, 0] >= 0] for one in targets)
    return [{"boxes": one[:, 1:].float(), "labels": one[:, 0].long()} for one in own]


def summed(each: Sequence[dict[str, Tensor]]) -> tuple[Tensor, Tensor]:
    """Of torchvision's losses of each image: of classes, and of edges."""
    names = [name for name in each[0] if name != "classification"]
    return (
        torch.stack([one["classification"] for one in each]),
        torch.stack([sum((one[name] for name in names), torch.zeros_like(one["classification"])) for one in each]),
    )


def candidates(boxes: Tensor, sure: Tensor, around: Tensor) -> list[Told]:
    """The surest of boxes (N, A, n or 1, 4), of which each class is so sure, (N, A, n); ``around`` are the anchors.

    Boxes end where the image does: the first and the last anchor's middles lie alike far from its edges.
    """
    classes = sure.shape[2]
    likely, which = sure.flatten(1).topk(min(_CANDIDATES, sure[0].numel()), dim=1)
    every = boxes.expand(-1, -1, classes, -1).flatten(1, 2)
    picked = every.gather(1, which[..., None].expand(-1, -1, 4))
    middles = (around[..., :2] + around[..., 2:]) / 2
    ends = (middles.amin(1) + middles.amax(1)).repeat(1, 2)[:, None]
    whole = torch.minimum(picked.clamp_min(0), ends)
    return [Told(*one) for one in zip(whole, likely, which % classes, strict=True)]
