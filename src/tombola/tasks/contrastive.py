"""Contrastive learning: know an image again in another view of it, among views of others. Labels are not looked at.

What: Every training image is seen in two views (cropped, mirrored, in other colours, gray, blurred), drawn anew each
    time and made in one pass on the device; a projection head gives a vector for each, and the loss is NT-Xent, one
    value a view: -log of the softmax, over cosines / ``temperature``, of the other view of its image among all other
    views of the batch. In ``shards`` a view is compared with those of its own shard only: negatives are not gathered.
    Validation and test images have the same two views every time, and the headline is `contrastive_top1` over all.
When: Pretraining where there are no labels, or as another prior beside the supervised one: ``contrastive:cifar10``,
    ``contrastive:folder:PICTURES``, a set of boxes or scenes; draw on it, transfer to a task with labels, whose head
    replaces the projection. Natural, adversarial and noise objectives train it as they are; ``moco`` is an objective on
    this task.
Cost: Two forwards an image where classification has one; the views a few hundredths of a step.
Options: ``data``; ``temperature``; ``outputs``, numbers a vector; how views differ: ``smallest`` share of the area,
    ``mirror``, ``jitter`` and its ``strength``, ``gray``, ``blur``; ``test_seed``, which views of test images. Pixels
    go through the network's normaliser, where the original has none.
Reference: Chen et al. (SimCLR), ICML 2020, arXiv 2002.05709; its tickets: Chen et al. (CV_LTH), CVPR 2021, arXiv
    2012.06908. Theirs is the log of the mean in place of the mean of the log, on batches in the files' order.
"""

from functools import lru_cache
from typing import Any, ClassVar, Final, Self, final

import torch
from pydantic import field_validator
from torch import Tensor

from tombola.answers import Answers, Vectors
from tombola.batch import Batch
from tombola.data._base import Dataset, Images, Splits, loaded
from tombola.data._base import Examples as Samples
from tombola.data._seen_twice import SeenTwice
from tombola.data._text_set import TextSet
from tombola.data._unlabelled import Unlabelled, images_in
from tombola.data._views import Looks, drawn, viewed
from tombola.data._whole import Nothing
from tombola.errors import DataError
from tombola.models.adapted import Preprocessing
from tombola.models.network import Network, num_outputs
from tombola.registry import Examples
from tombola.spec import option
from tombola.tasks._data import known_data, made_ready
from tombola.tasks._of_data import OfData
from tombola.tasks._pairs import nt_xent, told
from tombola.tasks.metrics._base import Metric
from tombola.tasks.metrics.contrastive_top1 import ContrastiveTop1

_LOOKS: Final = ("smallest", "mirror", "jitter", "strength", "gray", "blur")


@final
class Contrastive(OfData):
    """Which other view is of the same image?"""

    ANSWERS: ClassVar[type[Answers]] = Vectors
    EXAMPLES: ClassVar[Examples] = ({"data": {"name": "digits", "num_train": 40}, "outputs": 8},)

    data: Dataset = option(help="the data set, whose labels are not used: a name, name:argument, or a mapping")
    temperature: float = option(0.2, "what cosines are divided by: small ones look at the nearest negatives", gt=0)
    outputs: int = option(128, "numbers of the vector that views are compared by", ge=2, le=1 << 16)
    smallest: float = option(0.08, "the smallest share of an image's area that a view shows", gt=0, le=1)
    mirror: float = option(0.5, "how likely a view is mirrored", ge=0, le=1)
    jitter: float = option(0.8, "how likely a view's colours are changed", ge=0, le=1)
    strength: float = option(1.0, "how much they are: 1 is 0.8 of brightness, contrast, saturation, 0.2 of hue", ge=0)
    gray: float = option(0.2, "how likely a view is without colours", ge=0, le=1)
    blur: float = option(0.5, "how likely a view is blurred; images of less than 20 pixels are not", ge=0, le=1)
    test_seed: int = option(0, "which views of validation and test images", ge=0)

    @field_validator("data", mode="before")
    @classmethod
    def _known_data(cls, value: object) -> object:
        found = known_data(value)
        if isinstance(found, TextSet):
            raise ValueError(f"{found.name} holds texts, and views are of images; write mlm:{found.name}")
        return found

    @property
    def answers(self) -> Vectors:
        return Vectors(self.outputs)

    @property
    def looks(self) -> Looks:
        """How views differ."""
        return Looks(**{name: getattr(self, name) for name in _LOOKS})

    @property
    def side(self) -> int:
        test: SeenTwice = self.splits().test
        return test.images.size

    def splits(self) -> Splits[Any]:
        return _splits(self, self.digest())

    def tested(self) -> str:
        return f"two views each of {self.data.tested()}"

    def made_ready(self, how: Preprocessing) -> Self:
        return self.replace(data=made_ready(self.data, how))

    def head(self, model: Network, *, generator: torch.Generator) -> Network:
        return model.with_head(self.outputs, generator=generator, head="projection")

    def fits(self, model: Network) -> bool:
        return model.head_kind.name == "projection" and num_outputs(model.head) == self.outputs

    def views(self, batch: Batch, *, generator: torch.Generator) -> Batch:
        if len(batch) < 2:
            raise DataError(
                "one image alone in a step, or in a shard of it, has no other one to tell its views from; write"
                " batch=256, or fewer shards"
            )
        luck = drawn(2 * len(batch), generator=generator)
        twice = viewed(torch.cat([batch.x, batch.x]), luck, self.looks)
        return Batch(twice, batch.targets.repeat(2))

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return nt_xent(outputs, targets, self.temperature)

    def scores(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return told(outputs, targets)

    def metric(self) -> Metric:
        return ContrastiveTop1()


@lru_cache(maxsize=4)
def _splits(task: Contrastive, digest: str) -> Splits[Samples]:
    del digest  # part of the cache's key, as in `loaded`
    found = images_in(loaded(task.data), task.data.name)
    if not isinstance(found.train, Nothing) and len(found.train) < 2:
        raise DataError(
            f"{task.data.name}: {len(found.train)} training image; its views are told from those of others, so there"
            " must be two images or more"
        )
    val, test = (_seen_twice(images, task, place) for place, images in enumerate((found.val, found.test)))
    return Splits[Samples](Unlabelled(found.train), val, test)


def _seen_twice(images: Images, task: Contrastive, place: int) -> Samples:
    if isinstance(images, Nothing):
        return Unlabelled(images)
    return SeenTwice.drawn_by(images, task.looks, task.test_seed + place)
