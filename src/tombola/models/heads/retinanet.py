"""torchvision's RetinaNet head: nine anchors at every place of maps of five strides, each told by focal loss.

What: A feature pyramid of ``hidden`` channels over the body's maps of three strides and two coarser ones; four 3x3
    convolutions for classes and four for edges, shared by all maps. Anchors are 4, 5 and 6.3 places large, of three
    aspects; one belongs to a box it overlaps by half, or best of all. Losses are torchvision's.
When: Detection at sizes that torchvision's detectors are made for, 300 pixels and more.
Cost: Of ``hidden`` = 256 channels 7.8 million weights beside the body's maps, all of them run over every map.
Options: ``hidden``, channels of the pyramid.
Reference: Lin et al. (Focal Loss), ICCV 2017, arXiv 1708.02002; torchvision's ``RetinaNet``.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, final

import torch
from torch import Tensor, nn

from tombola.models.heads._anchored import HIDDEN, OneStage, Shape, candidates
from tombola.models.heads._base import Features
from tombola.models.heads._detector import Told
from tombola.models.heads._drawing import drawing_from
from tombola.models.heads._told_by_anchors import InOneStage, without_body
from tombola.registry import Examples
from tombola.spec import option

_SHAPES: Final[list[Shape]] = [
    (4 * 2 ** (third / 3) / aspect**0.5, 4 * 2 ** (third / 3) * aspect**0.5)
    for aspect in (0.5, 1.0, 2.0)
    for third in range(3)
]


@final
class RetinaNet(InOneStage):
    """Nine anchors at every place."""

    ARGUMENT: ClassVar[str | None] = "hidden"
    TOLD: ClassVar[int] = 8
    EXAMPLES: ClassVar[Examples] = ({"hidden": 8},)

    hidden: int | None = option(None, f"channels of the pyramid; empty: {HIDDEN}", ge=1, le=1 << 14)

    def make(self, features: Features, outputs: int, *, generator: torch.Generator) -> nn.Module:
        self.require_levels(features, outputs)
        hidden = self.hidden or HIDDEN
        with drawing_from(generator):
            return OneStage(features.levels, hidden, self.tower()(hidden, len(_SHAPES), outputs - 4), _SHAPES)

    def tower(self) -> type[nn.Module]:
        from torchvision.models.detection.retinanet import RetinaNetHead

        found: type[nn.Module] = RetinaNetHead
        return found

    def outputs_in(self, tensors: Mapping[str, Tensor]) -> int | None:
        bias = tensors.get("tower.classification_head.cls_logits.bias")
        return super().outputs_in(tensors) if bias is None else 4 + len(bias) // len(_SHAPES)

    def losses_of(self, rows: Tensor, own: dict[str, Tensor]) -> dict[str, Tensor]:
        found = {"bbox_regression": rows[:, :, 4:8], "cls_logits": rows[:, :, 8:]}
        losses: dict[str, Tensor] = _whole().compute_loss([own], found, [rows[0, :, :4].detach()])
        return losses

    def candidates(self, outputs: Tensor) -> Sequence[Told]:
        rows = outputs.float().transpose(1, 2)
        own, deltas, logits = torch.split_with_sizes(rows, [4, 4, rows.shape[2] - 8], dim=2)
        boxes = _whole().box_coder.decode_single(deltas.flatten(0, 1), own.flatten(0, 1)).view_as(own)
        return candidates(boxes[:, :, None], logits.sigmoid(), own)


def _whole() -> Any:
    from torchvision.models.detection import RetinaNet as Whole

    return without_body(Whole, 8)
