"""torchvision's Faster R-CNN head: anchors propose boxes, and what lies in the likeliest 300 is looked at again.

What: A feature pyramid of ``hidden`` channels over the body's maps of three strides and a coarser one; three anchors a
    place, 4 places large; 7x7 cut out for each proposal, two layers, and a class (or none) with edges a class. Parts,
    matching and losses are torchvision's, but for two things: a loss is the mean over anchors (or proposals) that
    torchvision draws at random, instead of over those drawn; and true boxes are not put among the proposals.
When: Detection at sizes that torchvision's detectors are made for, 300 pixels and more, where boxes are to be close.
Cost: Of ``hidden`` = 256 channels 16.3 million weights beside the body's maps, of which 13.9 are run 300 times.
Options: ``hidden``, channels of the pyramid; the two layers have four times as many.
Reference: Ren et al. (Faster R-CNN), NeurIPS 2015, arXiv 1506.01497; Lin et al. (feature pyramids), CVPR 2017;
    torchvision's ``FasterRCNN``.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tombola.models.heads._anchored import HIDDEN, candidates, of_each
from tombola.models.heads._base import Features
from tombola.models.heads._detector import Told, no_head
from tombola.models.heads._drawing import drawing_from
from tombola.models.heads._told_by_anchors import ToldByAnchors
from tombola.models.heads._two_stages import PROPOSALS, TwoStages, looking_again, proposing
from tombola.registry import Examples
from tombola.spec import option

_BETA = 1 / 9


@final
class FasterRcnn(ToldByAnchors):
    """Boxes proposed, and looked at again."""

    ARGUMENT: ClassVar[str | None] = "hidden"
    EXAMPLES: ClassVar[Examples] = ({"hidden": 4},)

    hidden: int | None = option(None, f"channels of the pyramid; empty: {HIDDEN}", ge=1, le=1 << 14)

    def make(self, features: Features, outputs: int, *, generator: torch.Generator) -> nn.Module:
        self.require_levels(features, outputs)
        with drawing_from(generator):
            return TwoStages(features.levels, self.hidden or HIDDEN, outputs - 4)

    def fits(self, layer: nn.Module) -> bool:
        return isinstance(layer, TwoStages)

    def outputs_in(self, tensors: Mapping[str, Tensor]) -> int | None:
        bias = tensors.get("telling.cls_score.bias")
        return super().outputs_in(tensors) if bias is None else 3 + len(bias)

    def require(self, outputs: Tensor) -> None:
        if outputs.ndim != 3 or outputs.shape[1] < 15 or outputs.shape[1] % 5:
            raise no_head(outputs, self.text)

    def losses(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        rows, classes = outputs.float().transpose(1, 2), outputs.shape[1] // 5 - 1
        each = []
        for one, own in zip(rows, of_each(targets), strict=True):
            first, again = _proposing(one[one[:, 4] == 0], own, classes), _telling(one[one[:, 4] == 1], own, classes)
            each.append(first + again)
        found = torch.stack(each)
        return found[:, 0], found[:, 1]

    def candidates(self, outputs: Tensor) -> Sequence[Told]:
        rows, classes = outputs.float().transpose(1, 2), outputs.shape[1] // 5 - 1
        around, again = rows[:, :-PROPOSALS, :4], rows[:, -PROPOSALS:]
        flat = again.flatten(0, 1)
        boxes = looking_again().box_coder.decode_single(flat[:, 5 : 5 + 4 * classes], flat[:, :4])
        sure = (again[..., 5 + 4 * classes :].softmax(2) * (again[..., 4:5] > 0))[..., 1:]
        return candidates(boxes.view(*again.shape[:2], classes, 4)[:, :, 1:], sure, around)


def _proposing(rows: Tensor, own: dict[str, Tensor], classes: int) -> Tensor:
    """The loss of which anchors hold something, and of their edges, (2,)."""
    rules, anchored = proposing(), rows[:, :4].detach()
    (labels,), (boxes,) = rules.assign_targets_to_anchors([anchored], [own])
    counts = drawn_share(labels, rules.fg_bg_sampler)
    wrong = F.binary_cross_entropy_with_logits(rows[:, 5 + 4 * classes], labels.clamp_min(0), reduction="none")
    off = _edges(rows[:, 5:9], rules.box_coder.encode_single(boxes, anchored))
    return torch.stack([(wrong * counts).sum(), (off * counts)[labels > 0].sum()])


def _telling(rows: Tensor, own: dict[str, Tensor], classes: int) -> Tensor:
    """The loss of what proposals hold, and of their edges, (2,)."""
    rules, anchored = looking_again(), rows[:, :4].detach()
    (which,), (labels,) = rules.assign_targets_to_proposals([anchored], [own["boxes"]], [own["labels"] + 1])
    counts = drawn_share(labels, rules.fg_bg_sampler)
    wrong = F.cross_entropy(rows[:, 5 + 4 * classes :], labels, reduction="none")
    some = labels > 0
    told = rows[some, 5 : 5 + 4 * classes].reshape(-1, classes, 4)
    told = told.gather(1, labels[some, None, None].expand(-1, 1, 4))[:, 0]
    off = _edges(told, rules.box_coder.encode_single(own["boxes"][which[some]], anchored[some]))
    return torch.stack([(wrong * counts).sum(), (off * counts[some]).sum()])


def _edges(told: Tensor, wanted: Tensor) -> Tensor:
    return F.smooth_l1_loss(told, wanted, beta=_BETA, reduction="none").sum(1)


def drawn_share(labels: Tensor, sampler: Any) -> Tensor:
    """What each counts, (A,), summing to 1: as often as torchvision's sampler would draw it. Labels below 0: never."""
    size: int = sampler.batch_size_per_image
    share: float = sampler.positive_fraction
    some, none = labels > 0, labels == 0
    held = min(int(size * share), int(some.sum()))
    empty = min(size - held, int(none.sum()))
    counts: Tensor = some * (held / max(1, int(some.sum()))) + none * (empty / max(1, int(none.sum())))
    found: Tensor = counts / max(1, held + empty)
    return found
