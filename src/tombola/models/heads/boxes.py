"""Boxes from centre points: every place of the finest maps tells a box, and of each class whether one is centred there.

What: Maps of three strides (8, 16 and 32 of the usual nets) go through a 1x1 convolution each and are added up, the
    coarse ones enlarged; a 3x3 convolution, batch norm, ReLU, and a 1x1 convolution to 4 + n numbers at every place:
    how far the box's left, top, right and bottom edges are from there, 4 softplus of it in places, and n logits.
    Losses are a focal one of middles and -log IoU of edges inside central regions, means over an image's boxes; boxes
    told are peaks of the maps of middles, the surer of two that overlap by half.
When: Detection; anchor-free, small, and trained at any size.
Cost: Of ``hidden`` = 64 channels 37,000 weights, and 64 for each channel that enters.
Options: ``hidden``, channels between.
Reference: Zhou et al. (Objects as Points), arXiv 1904.07850; Tian et al. (FCOS), ICCV 2019, arXiv 1904.01355.
"""

import math
from collections.abc import Sequence
from typing import ClassVar, Final, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tombola.models.heads._base import Features
from tombola.models.heads._centres import centre_losses, edge_losses, wanted
from tombola.models.heads._detector import MOST, Detector, Told, no_head
from tombola.models.heads._drawing import uniform
from tombola.models.heads._maps import last_outputs
from tombola.registry import Examples
from tombola.spec import option

_HIDDEN: Final = 64
_RARE: Final = 0.01  # how likely a place is a box's middle at first: nearly all are none
_UNIT: Final = 4.0  # places that a 1 is: edges of large boxes are as far as 20 of them, and steps are small


@final
class CentrePoints(nn.Sequential):
    """Raw numbers (N, 4 + n, rows, columns) at the finest of several maps: a 1x1 convolution a map, and four layers."""

    def forward(self, levels: Sequence[Tensor]) -> Tensor:
        layers = [*self]
        whole: Tensor = layers[len(levels) - 1](levels[-1])
        for layer, maps in zip(reversed(layers[: len(levels) - 1]), reversed(levels[:-1]), strict=True):
            whole = layer(maps) + F.interpolate(whole, maps.shape[-2:], mode="nearest")
        for layer in layers[len(levels) :]:
            whole = layer(whole)
        return whole


@final
class Boxes(Detector):
    """A box at every place."""

    EDGES: ClassVar[float] = 5.0
    ARGUMENT: ClassVar[str | None] = "hidden"
    EXAMPLES: ClassVar[Examples] = ({}, {"hidden": 6})

    hidden: int | None = option(None, f"channels between the layers; empty: {_HIDDEN}", ge=1, le=1 << 20)

    def make(self, features: Features, outputs: int, *, generator: torch.Generator) -> nn.Module:
        self.require_levels(features, outputs)
        hidden = self.hidden or _HIDDEN
        with torch.device("meta"):
            sides = [nn.Conv2d(channels, hidden, 1) for channels in features.levels]
            middle, last = nn.Conv2d(hidden, hidden, 3, padding=1), nn.Conv2d(hidden, outputs, 1)
        into = [uniform(side, channels, generator) for side, channels in zip(sides, features.levels, strict=True)]
        behind = (uniform(middle, 9 * hidden, generator), nn.BatchNorm2d(hidden), nn.ReLU())
        return CentrePoints(*into, *behind, _rare(uniform(last, hidden, generator)))

    def fits(self, layer: nn.Module) -> bool:
        return isinstance(layer, CentrePoints)

    def outputs(self, layer: nn.Module) -> int:
        return last_outputs(layer)

    def finished(self, found: Tensor, size: torch.Size) -> Tensor:
        return boxes_of(found, size)

    def require(self, outputs: Tensor) -> None:
        if outputs.ndim != 4 or outputs.shape[1] < 7:
            raise no_head(outputs, self.text)

    def losses(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        found = outputs.float()
        want = wanted(found[:, 4:6].detach(), targets)
        return centre_losses(found[:, 6:], want), edge_losses(found[:, :4], want)

    def candidates(self, outputs: Tensor) -> Sequence[Told]:
        """The surest peaks: a place is looked at where its logit of a class is the largest of nine."""
        sure, place, classes = _peaks(outputs[:, 6:].float(), MOST)
        corners = outputs[:, :4].float().flatten(2).gather(2, place[:, None].expand(-1, 4, -1)).transpose(1, 2)
        x, y = outputs[:, 4, 0].float(), outputs[:, 5, :, 0].float()
        across, down = (x[:, :1] + x[:, -1:])[..., None], (y[:, :1] + y[:, -1:])[..., None]
        ends = torch.cat([across, down, across, down], 2)
        whole = torch.minimum(corners.clamp_min(0), ends)
        return [Told(*one) for one in zip(whole, sure, classes, strict=True)]


def _peaks(logits: Tensor, most: int) -> tuple[Tensor, Tensor, Tensor]:
    """How sure the surest peaks of each image are, which places they are at, and of which class; (N, most) each."""
    peaks = logits == F.max_pool2d(logits, 3, stride=1, padding=1)
    flat = logits.sigmoid().where(peaks, 0.0).flatten(1)
    sure, which = flat.topk(min(most, flat.shape[1]), dim=1)
    places = logits.shape[2] * logits.shape[3]
    return sure, which % places, which // places


@torch.no_grad()
def _rare(last: nn.Module) -> nn.Module:
    bias = dict(last.named_parameters())["bias"]
    bias[:4] = 0
    bias[4:] = math.log(_RARE / (1 - _RARE))
    return last


def boxes_of(found: Tensor, size: torch.Size) -> Tensor:
    """What places tell at images of this height and width, (N, 6 + n, rows, columns) in float32, of raw numbers.

    >>> raw = torch.tensor([-20.0, 0.5413, 0.5413, -20.0, 7.0]).view(1, 5, 1, 1).expand(-1, -1, 1, 2)
    >>> boxes_of(raw, torch.Size((8, 16)))[0, :, 0, 1].round().tolist()  # softplus(0.5413) = 1, and 4 places are 32
    [12.0, -28.0, 44.0, 4.0, 12.0, 4.0, 7.0]
    """
    raw = found.float()
    rows, columns = raw.shape[-2:]
    down, across = size[0] / rows, size[1] / columns
    y = (torch.arange(rows, device=raw.device, dtype=torch.float32) + 0.5) * down
    x = (torch.arange(columns, device=raw.device, dtype=torch.float32) + 0.5) * across
    places = torch.stack([x.expand(rows, -1), y[:, None].expand(-1, columns)])
    left, top, right, bottom = (_UNIT * F.softplus(raw[:, :4])).unbind(1)
    corners = (x - left * across, y[:, None] - top * down, x + right * across, y[:, None] + bottom * down)
    return torch.cat([torch.stack(corners, 1), places.expand(raw.shape[0], -1, -1, -1), raw[:, 4:]], 1)
