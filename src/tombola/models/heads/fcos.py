"""torchvision's FCOS head: a box from every place inside of one, on maps of five strides, large boxes on coarse ones.

What: A feature pyramid of ``hidden`` channels over the body's maps of three strides and two coarser ones; four 3x3
    convolutions with group norm for classes and four for edges, shared by all maps; how central a place is tempers how
    sure it is. Focal loss, GIoU loss and the loss of centres are torchvision's, of each image by its own places.
When: Detection at sizes that torchvision's detectors are made for, 300 pixels and more; `boxes` is far smaller.
Cost: Of ``hidden`` = 256 channels 7.7 million weights beside the body's maps, all of them run over every map.
Options: ``hidden``, channels of the pyramid, a multiple of 32, and 64 or more: groups of one channel say
    nothing of a map of one place.
Reference: Tian et al. (FCOS), ICCV 2019, arXiv 1904.01355; torchvision's ``FCOS``.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, ClassVar, final

import torch
from torch import Tensor, nn

from tombola.models.heads._anchored import HIDDEN, OneStage, candidates
from tombola.models.heads._base import Features
from tombola.models.heads._detector import Told
from tombola.models.heads._drawing import drawing_from
from tombola.models.heads._told_by_anchors import InOneStage, without_body
from tombola.registry import Examples
from tombola.spec import option


@final
class Fcos(InOneStage):
    """A box from every place inside of one."""

    ARGUMENT: ClassVar[str | None] = "hidden"
    ALIKE: ClassVar[float] = 0.6
    TOLD: ClassVar[int] = 9
    EXAMPLES: ClassVar[Examples] = ({"hidden": 64},)

    hidden: int | None = option(None, f"channels of the pyramid; empty: {HIDDEN}", ge=64, le=1 << 14, multiple_of=32)

    def make(self, features: Features, outputs: int, *, generator: torch.Generator) -> nn.Module:
        self.require_levels(features, outputs)
        hidden = self.hidden or HIDDEN
        with drawing_from(generator):
            return OneStage(features.levels, hidden, self.tower()(hidden, 1, outputs - 4), [(1.0, 1.0)])

    def tower(self) -> type[nn.Module]:
        from torchvision.models.detection.fcos import FCOSHead

        found: type[nn.Module] = FCOSHead
        return found

    def outputs_in(self, tensors: Mapping[str, Tensor]) -> int | None:
        bias = tensors.get("tower.classification_head.cls_logits.bias")
        return super().outputs_in(tensors) if bias is None else 4 + len(bias)

    def losses_of(self, rows: Tensor, own: dict[str, Tensor]) -> dict[str, Tensor]:
        around = rows[0, :, :4].detach()
        found = {"bbox_regression": rows[:, :, 4:8], "bbox_ctrness": rows[:, :, 8:9], "cls_logits": rows[:, :, 9:]}
        losses: dict[str, Tensor] = _whole().compute_loss([own], found, [around], _counts(around))
        return losses

    def candidates(self, outputs: Tensor) -> Sequence[Told]:
        rows = outputs.float().transpose(1, 2)
        own, edges, central, logits = torch.split_with_sizes(rows, [4, 4, 1, rows.shape[2] - 9], dim=2)
        sure = (logits.sigmoid() * central.sigmoid()).sqrt()
        return candidates(_whole().box_coder.decode(edges, own)[:, :, None], sure, own)


def _whole() -> Any:
    from torchvision.models.detection import FCOS

    return without_body(FCOS, 32)


def _counts(around: Tensor) -> list[int]:
    """How many anchors each map has: a map begins where anchors lie neither further right nor further down.

    >>> _counts(torch.tensor([[0.0, 0, 1, 1], [1, 0, 2, 1], [0, 1, 1, 2], [1, 1, 2, 2], [0, 0, 2, 2]]))
    [4, 1]
    """
    middles = around[:, :2] + around[:, 2:]
    further = (middles[1:] - middles[:-1] > 1e-3 * around[:1, 2:].abs()).any(1)
    first = [0, *(1 + (~further).nonzero()[:, 0]).tolist(), len(around)]
    return [after - before for before, after in pairwise(first)]
