"""Detection: tell where things are and of which class each is; the headline is average precision.

What: a fresh head reads the body's maps of three strides and tells, at every place of the finest, a box and whether one
of each class is centred there. The loss of an image is a focal one of middles plus ``edges`` times -log IoU of boxes
told inside central regions, each a mean over its boxes. Its score is F1 of boxes at least 0.3 sure at an overlap of
0.5, for progress; selection and reports go by average precision (COCO's), a property, since it is no mean over images.
When: a ticket is to be transferred to detection: ``detection:box_pack:PATH``, ``detection:boxed_shapes``. The model
pretrained may be any convolutional classifier with stages, its masks keep their names.
Cost: forward and backward passes at the images' size.
Options: ``data``; ``augment_with`` and ``scale``; ``edges``; ``fraction`` of the training images and which
(``subset_seed``). The data set's own may stand beside ``name``.
Reference: Zhou et al. (Objects as Points), arXiv 1904.07850; Tian et al. (FCOS), ICCV 2019; Yu et al. (UnitBox), arXiv
    1608.01471, for the loss of edges; Lin et al. (COCO), 2014.
"""

from typing import ClassVar, final

import torch
from torch import Tensor

from tombola.answers import Answers, Boxes
from tombola.batch import Batch
from tombola.data._augment_boxes import augment_boxes
from tombola.data._base import Dataset
from tombola.data._boxes import BoxSet
from tombola.errors import DataError
from tombola.models.heading import headed
from tombola.models.network import Network
from tombola.registry import Examples
from tombola.spec import option
from tombola.tasks._centres import centre_losses, edge_losses, wanted
from tombola.tasks._of_scenes import OfScenes
from tombola.tasks.metrics._base import Metric
from tombola.tasks.metrics.average_precision import AveragePrecision, judged
from tombola.tasks.metrics.told_boxes import Told, told

_HEAD = "boxes"
_SURE, _OVERLAP = 0.3, 0.5


@final
class Detection(OfScenes):
    """Where is something, and what is it?"""

    VERSION: ClassVar[int] = 2  # 1: edges lost 1 - IoU
    ANSWERS: ClassVar[type[Answers]] = Boxes
    OF: ClassVar[type] = BoxSet
    LACKS: ClassVar[str] = "has no boxes, and detection asks for them"
    EXAMPLES: ClassVar[Examples] = (
        {"data": {"name": "boxed_shapes", "size": 16, "num_train": 6, "num_val": 2, "num_test": 4}},
    )

    data: Dataset = option(help="the set of images with boxes: a name, name:argument, or a mapping with its options")
    scale: tuple[float, float] = option((0.75, 1.5), "the smallest and the largest scale, for flip_scale")
    edges: float = option(5.0, "the weight of the loss of edges beside that of middles", gt=0)

    def example(self) -> Batch:
        shown = self.splits().test.take(torch.zeros(1, dtype=torch.int64)).to_float()
        return shown.replace(x=torch.zeros_like(shown.x), targets=torch.zeros(1, dtype=torch.int64))

    def head(self, model: Network, *, generator: torch.Generator) -> Network:
        seed = int(torch.randint(2**62, (), generator=generator, device=generator.device))
        return headed(model, _HEAD, self.answers.outputs, seed=seed)

    def fits(self, model: Network) -> bool:
        return super().fits(model) and model.head_kind.name == _HEAD

    def views(self, batch: Batch, *, generator: torch.Generator) -> Batch:
        x, targets = augment_boxes(batch.x, batch.targets, self.policy, scale=self.scale, generator=generator)
        return batch.replace(x=x, targets=targets)

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """One loss an image, (N,)."""
        _require_places(outputs)
        found = outputs.float()
        want = wanted(found[:, 4:6].detach(), targets)
        return centre_losses(found[:, 6:], want) + self.edges * edge_losses(found[:, :4], want)

    def scores(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """F1 of each image's boxes that are sure enough, (N,); 1 where there is none and none is told."""
        _require_places(outputs)
        scores = [
            _f1(one, own[own[:, 0] >= 0])
            for one, own in zip(told(outputs.detach(), least=_SURE), targets.cpu(), strict=True)
        ]
        found = torch.tensor(scores, dtype=torch.float32, device=outputs.device)
        return found.masked_fill(outputs.isnan().flatten(1).any(1), torch.nan)

    def metric(self) -> Metric:
        return AveragePrecision()


def _f1(found: Told, there: Tensor) -> float:
    """Twice the boxes found over those told and those there."""
    said = len(found.sure) + len(there)
    hits = sum(int(one.right.sum()) for one in judged(found, there, (_OVERLAP,)).values())
    return 2 * hits / said if said else 1.0


def _require_places(outputs: Tensor) -> None:
    if outputs.ndim != 4 or outputs.shape[1] < 7:
        raise DataError(
            f"outputs of shape {tuple(outputs.shape)}, and detection asks for a box and classes at every place: the"
            " network has no detection head; transfer a ticket to this task first, or load the model with decoder=boxes"
        )
