"""Segmentation: tell the class of every pixel; the headline is the share of pixels told right.

What: cross-entropy on a fresh head of torchvision's (FCN, or DeepLabV3's) over the maps of the body's last stage,
enlarged to the image's size. An image's loss and score are means over its pixels that have a class; void ones count for
nothing. What studies report is ``mean_iou``, a property, since it is no mean over images. Where rare classes stay at 0,
``class_weights: balanced`` lets a pixel of a rare class count for more: the median of the classes' shares of the
training images that have them, over its own class's.
When: a ticket is to be transferred to segmentation: ``segmentation:voc``, ``segmentation:scene_pack:PATH``,
``segmentation:shapes``. The model pretrained may be any convolutional classifier, its masks keep their names.
Cost: forward and backward passes at the images' size; an output stride of 8 instead of 32 costs a ResNet about four
times as much.
Options: ``data``; ``decoder`` (fcn, deeplab); ``output_stride``, of ResNets; ``class_weights``; ``headline``, which
``select: best_val`` goes by: the share of pixels, or mean_iou; ``augment_with`` and ``scale``;
``fraction`` of the training images and which (``subset_seed``). The data set's own may stand beside ``name``.
Reference: Long et al., CVPR 2015 (FCN); Chen et al., arXiv 1706.05587 (DeepLabV3); Fu et al., DAC 2023; weights as in
    Eigen and Fergus, ICCV 2015.
"""

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Annotated, ClassVar, Literal, final

import torch
from pydantic import Field, field_validator
from torch import Tensor
from torch.nn import functional as F

from tombola.answers import Answers, Maps
from tombola.batch import Batch
from tombola.data._augment_scenes import augment_scenes
from tombola.data._base import Dataset
from tombola.data._scenes import VOID, SceneSet
from tombola.errors import DataError
from tombola.models.network import Network
from tombola.models.segmenting import Decoder, SegmentingBody, described, segmenting
from tombola.registry import Examples
from tombola.spec import option
from tombola.tasks._answers import right
from tombola.tasks._of_scenes import OfScenes
from tombola.tasks.metrics._base import Metric
from tombola.tasks.metrics.mean_iou import MeanIoU


@final
class Segmentation(OfScenes):
    """Which class is at each pixel?"""

    ANSWERS: ClassVar[type[Answers]] = Maps
    OF: ClassVar[type] = SceneSet
    LACKS: ClassVar[str] = "has no label a pixel, and every pixel needs one"
    EXAMPLES: ClassVar[Examples] = (
        {"data": {"name": "shapes", "size": 16, "num_train": 6, "num_val": 2, "num_test": 4}},
    )

    data: Dataset = option(help="the set of scenes: a name, name:argument, or a mapping with its options")
    decoder: Decoder = option("fcn", "the head: fcn, or deeplab, whose filters see wider and cost more")
    output_stride: int | None = option(
        None, "pixels of an image to one of the maps the head reads, such as 8, 16 or 32; empty: the net's own", ge=1
    )

    class_weights: Literal["equal", "balanced"] | tuple[Annotated[float, Field(ge=0)], ...] = option(
        "equal", "how much a pixel of each class counts: equal, balanced, or a number a class", absent="equal"
    )
    headline: Literal["pixels", "mean_iou"] = option(
        "pixels", "what select=best_val goes by: the share of pixels told right, or mean IoU", absent="pixels"
    )

    @field_validator("class_weights")
    @classmethod
    def _some_class_counts(cls, value: str | tuple[float, ...]) -> str | tuple[float, ...]:
        if not isinstance(value, str) and not any(value):
            raise ValueError("no class counts; write balanced, or a number a class of which one is above 0")
        return value

    def check(self) -> None:
        super().check()
        self._weighed()

    def head(self, model: Network, *, generator: torch.Generator) -> Network:
        seed = int(torch.randint(2**62, (), generator=generator, device=generator.device))
        classes = len(self.splits().classes)
        return segmenting(model, self.decoder, classes, output_stride=self.output_stride, seed=seed)

    def fits(self, model: Network) -> bool:
        found = described(model)
        stride = self.output_stride in (None, found.get("output_stride"))
        return super().fits(model) and isinstance(model.body, SegmentingBody) and stride

    def views(self, batch: Batch, *, generator: torch.Generator) -> Batch:
        x, targets = augment_scenes(batch.x, batch.targets, self.policy, scale=self.scale, generator=generator)
        return batch.replace(x=x, targets=targets)

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """One loss an image, (N,), of outputs (N, C, H, W); 0 for an image that is void all over."""
        _require_maps(outputs, targets)
        losses = F.cross_entropy(outputs, targets.long(), reduction="none", ignore_index=VOID)
        weights = self._weights
        return _means(losses, targets != VOID if weights is None else _counting(weights, targets))

    def scores(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The share of each image's pixels told right, (N,)."""
        _require_maps(outputs, targets)
        return _means(right(outputs, targets), targets != VOID)

    def metric(self) -> Metric:
        return MeanIoU() if self.headline == "mean_iou" else super().metric()

    @cached_property
    def _weights(self) -> tuple[float, ...] | None:
        """`_weighed`, found once: every loss asks for it, and telling whether the data are the same looks at files."""
        return self._weighed()

    def _weighed(self) -> tuple[float, ...] | None:
        """What a pixel of each class counts; None where all count alike."""
        if self.class_weights == "equal":
            return None
        if self.class_weights == "balanced":
            return _balanced(self, self.digest())
        classes = self.splits().classes
        if len(self.class_weights) != len(classes):
            raise DataError(
                f"{self.data.name}: class_weights has {len(self.class_weights)} numbers for {len(classes)} classes;"
                f" write one for each of {', '.join(classes)}"
            )
        return self.class_weights


@lru_cache(maxsize=8)
def _balanced(task: Segmentation, digest: str) -> tuple[float, ...]:
    """The median share over the class's own; 0 for a class that no training image has."""
    del digest  # part of the cache's key, as in `loaded`
    splits = task.splits()
    return tuple(balanced_weights(splits.train.labels, len(splits.classes)).tolist())


def balanced_weights(masks: Tensor, classes: int) -> Tensor:
    """Of masks (N, H, W): the median of shares over each class's share, of the images that have it; 0 where none has.

    >>> balanced_weights(torch.tensor([[[0, 0, 0, 1]], [[0, 0, 0, 0]]]), 3)  # shares 7/8 and 1/4
    tensor([0.2857, 1.0000, 0.0000])
    """
    counts = torch.stack([(masks == label).flatten(1).sum(1) for label in range(classes)], 1).double()
    pixels = (masks != VOID).flatten(1).sum(1, keepdim=True)
    shares = counts.sum(0) / ((counts > 0) * pixels).sum(0).clamp_min(1)
    there = shares > 0
    return torch.where(there, shares[there].median() / shares.clamp_min(1e-12), 0.0).float()


def _counting(weights: Sequence[float], targets: Tensor) -> Tensor:
    """What each pixel counts, 0 where it has no class."""
    known = targets != VOID
    return torch.tensor(weights, device=targets.device)[targets.long().where(known, 0)] * known


def _means(values: Tensor, counts: Tensor) -> Tensor:
    """The mean over each image's pixels by what they count, (N,); 0 where none counts."""
    whole = counts.flatten(1).sum(1)
    return (values * counts).flatten(1).sum(1) / whole.where(whole > 0, 1)


def _require_maps(outputs: Tensor, targets: Tensor) -> None:
    if outputs.ndim != 4 or outputs.shape[2:] != targets.shape[1:]:
        raise DataError(
            f"outputs of shape {tuple(outputs.shape)} for masks of shape {tuple(targets.shape)}: the network has no"
            " segmentation head; transfer a ticket to this task first, or load the model with decoder=fcn"
        )
