"""Detection: tell where things are and of which class each is; the headline is average precision.

What: a fresh head reads the body's maps of several strides and tells boxes. ``decoder`` says which: the centre-point
head (``boxes``), small and trained at any size, or torchvision's FCOS, RetinaNet or Faster R-CNN around the same body,
for images of 300 pixels and more. Their cards say what each loses; the loss of an image is that of classes plus
``edges`` times that of edges. Its score is F1 of boxes at least 0.3 sure at an overlap of 0.5, for progress; selection
and reports go by average precision (COCO's), a property, since it is no mean over images.
When: a ticket is to be transferred to detection: ``detection:box_pack:PATH``, ``detection:boxed_shapes``. The model
pretrained may be any convolutional classifier with stages, its masks keep their names.
Cost: forward and backward passes at the images' size.
Options: ``data``; ``decoder`` (boxes, fcos, retinanet, faster_rcnn); ``augment_with`` and ``scale``; ``edges`` (5 for
boxes, 1 for torchvision's, as there); ``fraction`` of the training images and which
(``subset_seed``). The data set's own may stand beside ``name``.
Reference: Zhou et al. (Objects as Points), arXiv 1904.07850; Tian et al. (FCOS), ICCV 2019; Yu et al. (UnitBox), arXiv
    1608.01471, for the loss of edges; Lin et al. (COCO), 2014.
"""

from typing import Annotated, Any, ClassVar, TypeAlias, final

import torch
from pydantic import AfterValidator, model_validator
from torch import Tensor

from tombola.answers import Answers, Boxes
from tombola.batch import Batch
from tombola.data._augment_boxes import augment_boxes
from tombola.data._base import Dataset, Images
from tombola.data._base import Examples as Samples
from tombola.data._boxes import BoxSet
from tombola.errors import ModelError
from tombola.models.heading import headed
from tombola.models.heads._base import Head
from tombola.models.heads._detector import Detector, Told
from tombola.models.network import Network
from tombola.registry import Examples
from tombola.spec import option
from tombola.tasks._of_scenes import OfScenes
from tombola.tasks.metrics._base import Metric
from tombola.tasks.metrics.average_precision import AveragePrecision, judged

_SURE, _OVERLAP = 0.3, 0.5


def _tells_boxes(text: str) -> str:
    """The name of a head that tells boxes."""
    if not isinstance(Head.parse(text), Detector):
        heads = ", ".join(sorted(name for name, head in Head.family.members().items() if issubclass(head, Detector)))
        raise ModelError(f"head {text} tells no boxes; write one of {heads}")
    return text


Telling: TypeAlias = Annotated[str, AfterValidator(_tells_boxes)]
"""A head that tells boxes, by its name."""


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
    edges: float = option(
        5.0, "the weight of the loss of edges beside that of classes; 1 for torchvision's heads", gt=0
    )
    decoder: Telling = option(
        "boxes", "the head: boxes (centre points), fcos, retinanet or faster_rcnn", absent="boxes"
    )

    @model_validator(mode="before")
    @classmethod
    def _as_the_head_has_it(cls, values: Any) -> Any:
        """What edges count where nothing is said is the head's own."""
        if not isinstance(values, dict) or "decoder" not in values or "edges" in values:
            return values
        head = Head.parse(values["decoder"])
        return {**values, "edges": head.EDGES} if isinstance(head, Detector) else values

    @property
    def detector(self) -> Detector:
        """The head that answers."""
        found = Head.parse(self.decoder)
        assert isinstance(found, Detector)
        return found

    def example(self) -> Batch:
        shown = self.splits().test.take(torch.zeros(1, dtype=torch.int64)).to_float()
        return shown.replace(x=torch.zeros_like(shown.x), targets=torch.zeros(1, dtype=torch.int64))

    def head(self, model: Network, *, generator: torch.Generator) -> Network:
        seed = int(torch.randint(2**62, (), generator=generator, device=generator.device))
        return headed(model, self.decoder, self.answers.outputs, seed=seed)

    def fits(self, model: Network) -> bool:
        return super().fits(model) and model.head_kind.name == self.detector.name

    def views(self, batch: Batch, *, generator: torch.Generator) -> Batch:
        x, targets = augment_boxes(batch.x, batch.targets, self.policy, scale=self.scale, generator=generator)
        return batch.replace(x=x, targets=targets)

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """One loss an image, (N,)."""
        head = self.detector
        head.require(outputs)
        classes, edges = head.losses(outputs, targets)
        return classes + self.edges * edges

    def unjudged(self, examples: Samples) -> str:
        if why := super().unjudged(examples):
            return why
        assert isinstance(examples, Images)
        return "" if bool((examples.labels[..., 0] >= 0).any()) else "none of them has a box"

    def scores(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """F1 of each image's boxes that are sure enough, (N,); 1 where there is none and none is told."""
        head = self.detector
        head.require(outputs)
        told = head.told(outputs.detach(), least=_SURE)
        scores = [_f1(one, own[own[:, 0] >= 0]) for one, own in zip(told, targets.cpu(), strict=True)]
        found = torch.tensor(scores, dtype=torch.float32, device=outputs.device)
        return found.masked_fill(outputs.isnan().flatten(1).any(1), torch.nan)

    def metric(self) -> Metric:
        return AveragePrecision(head=self.detector)


def _f1(found: Told, there: Tensor) -> float:
    """Twice the boxes found over those told and those there."""
    said = len(found.sure) + len(there)
    hits = sum(int(one.right.sum()) for one in judged(found, there, (_OVERLAP,)).values())
    return 2 * hits / said if said else 1.0
