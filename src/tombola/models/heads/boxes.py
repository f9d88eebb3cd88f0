"""Boxes from centre points: every place of the maps tells one box, how sure it is, and which class is in it.

What: A 3x3 convolution, ReLU, and a 1x1 convolution to 5 + n numbers at every place of the last stage's maps; out of
    them (N, K, 5 + n): left, top, right, bottom in pixels, a logit of being a box, n logits of classes. A place's own
    square is its box where the layer says 0: its centre moves by numbers of strides, its sides grow by powers of e.
When: Detection of objects that are few and not much smaller than a place; anchor-free, without suppression.
Cost: Of C channels about 9 C² weights.
Options: ``hidden``, channels between.
Reference: Zhou et al. (Objects as Points), arXiv 1904.07850; Tian et al. (FCOS), ICCV 2019, arXiv 1904.01355.
"""

import math
from typing import ClassVar, Final, final

import torch
from torch import Tensor, nn

from tombola.models.heads._base import Features, Head, Reads
from tombola.models.heads._drawing import uniform
from tombola.models.heads._maps import last_outputs
from tombola.registry import Examples
from tombola.spec import option

_RARE: Final = 0.01  # how likely a place is a box at first: nearly all are none
_LARGEST: Final = 6.0  # e^6 strides, beyond any image: an untrained layer gives no infinities


@final
class CentrePoints(nn.Sequential):
    """Raw numbers (N, 5 + n, rows, columns) of maps (N, C, rows, columns)."""


@final
class Boxes(Head):
    """A box at every place."""

    READS: ClassVar[Reads] = "maps"
    ARGUMENT: ClassVar[str | None] = "hidden"
    EXAMPLES: ClassVar[Examples] = ({}, {"hidden": 6})

    hidden: int | None = option(None, "channels between the layers; empty: as many as enter", ge=1, le=1 << 20)

    def make(self, features: Features, outputs: int, *, generator: torch.Generator) -> nn.Module:
        inputs, hidden = features.channels, self.hidden or features.channels
        with torch.device("meta"):
            first, last = nn.Conv2d(inputs, hidden, 3, padding=1), nn.Conv2d(hidden, outputs, 1)
        made = CentrePoints(uniform(first, 9 * inputs, generator), nn.ReLU(), uniform(last, hidden, generator))
        with torch.no_grad():
            dict(made.named_parameters())["2.bias"][4] = math.log(_RARE / (1 - _RARE))
        return made

    def fits(self, layer: nn.Module) -> bool:
        return isinstance(layer, CentrePoints)

    def outputs(self, layer: nn.Module) -> int:
        return last_outputs(layer)

    def finished(self, found: Tensor, size: torch.Size) -> Tensor:
        return boxes_of(found, size)


def boxes_of(found: Tensor, size: torch.Size) -> Tensor:
    """Boxes (N, rows * columns, 5 + n) of raw numbers (N, 5 + n, rows, columns) at images of this height and width.

    >>> boxes_of(torch.zeros(1, 6, 1, 2), torch.Size((8, 16)))[0, :, :4].tolist()
    [[0.0, 0.0, 8.0, 8.0], [8.0, 0.0, 16.0, 8.0]]
    """
    rows, columns = found.shape[-2:]
    down, across = size[0] / rows, size[1] / columns
    y = (torch.arange(rows, device=found.device, dtype=found.dtype) + 0.5).view(-1, 1)
    x = torch.arange(columns, device=found.device, dtype=found.dtype) + 0.5
    middle_x, middle_y = (x + found[:, 0]) * across, (y + found[:, 1]) * down
    wide, high = (found[:, 2:4].clamp(max=_LARGEST).exp() / 2).unbind(1)
    corners = (middle_x - wide * across, middle_y - high * down, middle_x + wide * across, middle_y + high * down)
    whole = torch.cat([torch.stack(corners, 1), found[:, 4:]], 1)
    return whole.flatten(2).transpose(1, 2)
