"""Segmentation: tell the class of every pixel; the headline is the share of pixels told right.

What: cross-entropy on a fresh head of torchvision's (FCN, or DeepLabV3's) over the maps of the body's last stage,
enlarged to the image's size. An image's loss and score are means over its pixels that have a class; void ones count for
nothing. What studies report is ``mean_iou``, a property, since it is no mean over images.
When: a ticket is to be transferred to segmentation: ``segmentation:voc``, ``segmentation:scene_pack:PATH``,
``segmentation:shapes``. The model pretrained may be any convolutional classifier, its masks keep their names.
Cost: forward and backward passes at the images' size; an output stride of 8 instead of 32 costs a ResNet about four
times as much.
Options: ``data``; ``decoder`` (fcn, deeplab); ``output_stride``, of ResNets; ``augment_with`` and ``scale``;
``fraction`` of the training images and which (``subset_seed``). The data set's own may stand beside ``name``.
Reference: Long et al., CVPR 2015 (FCN); Chen et al., arXiv 1706.05587 (DeepLabV3); Fu et al., DAC 2023.
"""

from typing import ClassVar, final

import torch
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


@final
class Segmentation(OfScenes):
    """Which class is at each pixel?"""

    ANSWERS: ClassVar[type[Answers]] = Maps
    OF: ClassVar[type] = SceneSet
    LACKS: ClassVar[str] = "has one label an image, and every pixel needs one"
    EXAMPLES: ClassVar[Examples] = (
        {"data": {"name": "shapes", "size": 16, "num_train": 6, "num_val": 2, "num_test": 4}},
    )

    data: Dataset = option(help="the set of scenes: a name, name:argument, or a mapping with its options")
    decoder: Decoder = option("fcn", "the head: fcn, or deeplab, whose filters see wider and cost more")
    output_stride: int | None = option(
        None, "pixels of an image to one of the maps the head reads, such as 8, 16 or 32; empty: the net's own", ge=1
    )

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
        return _means(losses, targets)

    def scores(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The share of each image's pixels told right, (N,)."""
        _require_maps(outputs, targets)
        return _means(right(outputs, targets), targets)


def _means(values: Tensor, targets: Tensor) -> Tensor:
    """The mean over each image's pixels that have a class, (N,)."""
    counts = targets != VOID
    return (values * counts).flatten(1).sum(1) / counts.flatten(1).sum(1).clamp_min(1)


def _require_maps(outputs: Tensor, targets: Tensor) -> None:
    if outputs.ndim != 4 or outputs.shape[2:] != targets.shape[1:]:
        raise DataError(
            f"outputs of shape {tuple(outputs.shape)} for masks of shape {tuple(targets.shape)}: the network has no"
            " segmentation head; transfer a ticket to this task first, or load the model with decoder=fcn"
        )
