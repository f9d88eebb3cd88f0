"""Mean IoU: how well predicted regions lie over the true ones, from one count over the whole test split.

What: every test pixel that has a class is counted by its true and its predicted class, in one confusion matrix over all
    images. A class's IoU is TP / (TP + FP + FN), in per cent; the mean is over the classes that occur in the truth or
    in the prediction. The IoU of every class stands in the detail (empty where it does not occur), and
    ``pixel_accuracy``, the share of all counted pixels told right, comes along. Void pixels count for nothing.
When: the number of every segmentation study. Compare at one image size only.
Cost: one forward pass over the test split.
Options: batch (not part of the identity).
Reference: Everingham et al., IJCV 2010 (the VOC measure); Long et al., CVPR 2015.
"""

from typing import final

import torch
from torch import Tensor

from tombola.answers import Maps
from tombola.batch import Batch
from tombola.errors import RequestError
from tombola.fitting.devices import device_of
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.models.segmenting import SegmentingBody
from tombola.properties._base import Measurement, Property
from tombola.properties._test_images import each_batch, require_answers, test_images
from tombola.rows import Scalar
from tombola.spec import option
from tombola.tasks._base import Task
from tombola.tasks.metrics.mean_iou import confusion, intersections_over_unions


@final
class MeanIoU(Property):
    """Intersection over union, averaged over the classes."""

    batch: int = option(16, "images a forward pass", identity=False, ge=1)

    def check(self, task: Task) -> None:
        require_answers(task, Maps, "mean_iou compares regions", "write accuracy")

    def measure(self, model: Network, task: Task, *, seed: int, session: Session) -> list[Measurement]:
        self.check(task)
        _require_decoder(model)
        device = device_of(session.device)
        images = test_images(task, None)
        classes = len(images.classes)

        def counted(shown: Batch, outputs: Tensor) -> Tensor:
            return confusion(outputs.argmax(1), shown.targets, classes).cpu()

        nothing = torch.zeros(classes, classes, dtype=torch.int64)
        counts = sum(each_batch(model, images, self.batch, device, counted), start=nothing)
        each = intersections_over_unions(counts)
        mean = float(each[each.isfinite()].mean()) if bool(each.isfinite().any()) else 0.0
        right = float(counts.diagonal().sum() / counts.sum().clamp_min(1))
        detail: dict[str, Scalar] = {
            f"iou {name}": 100 * value if value == value else None
            for name, value in zip(images.classes, each.tolist(), strict=True)
        }
        return [
            Measurement("mean_iou", 100 * mean, len(images), unit="%", detail=detail),
            Measurement("pixel_accuracy", 100 * right, len(images), unit="%"),
        ]


def _require_decoder(model: Network) -> None:
    if not isinstance(model.body, SegmentingBody):
        raise RequestError(
            f"{model.source} gives one answer an image, and mean_iou needs one a pixel;"
            " transfer a ticket to the segmentation task first, or load the model with decoder=fcn"
        )
