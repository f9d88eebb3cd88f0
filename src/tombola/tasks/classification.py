"""Classification: tell the images of a set apart; the headline is top-1 accuracy.

What: cross-entropy on a fresh linear head with one output a class. Validation comes out of the training images, the
test split is only for measuring.
When: every data set Tombola has. ``digits`` alone means ``classification:digits``, and options that are the data set's
own may stand beside ``name``: ``{name: digits, num_train: 200}``.
Cost: none beyond the data's.
Options: ``data``; ``augment``, by default what suits the data; ``fraction`` of the training labels and which
(``subset``, ``subset_seed``); ``label_smoothing``, and ``smoothing_over`` which classes.
Reference: methods as usual; few labels as in Fu et al., arXiv 2304.11834.
"""

from functools import lru_cache
from typing import ClassVar, Literal, Self, cast

import torch
from pydantic import field_validator, model_validator
from torch import Tensor
from torch.nn import functional as F

from tombola.batch import Batch
from tombola.data._augment import Augment, augment
from tombola.data._base import Images, Splits, Subset, loaded_images, stratified
from tombola.data._boxes import BoxSet
from tombola.data._scenes import SceneSet
from tombola.data._text_set import TextSet
from tombola.data._whole import Nothing
from tombola.errors import DataError
from tombola.models.adapted import Preprocessing
from tombola.models.network import Network
from tombola.registry import Examples
from tombola.spec import Json, option
from tombola.tasks._answers import right
from tombola.tasks._classes import require_two
from tombola.tasks._data import known_data, made_ready
from tombola.tasks._of_data import OfData


class Classification(OfData):
    """Which class is in the image?"""

    EXAMPLES: ClassVar[Examples] = ({"data": {"name": "digits", "num_train": 40}},)

    augment_with: Literal["auto", "none", "shift", "flip_shift", "rrc"] = option(
        "auto", "how training images are changed at random; auto takes what suits the data"
    )
    fraction: float = option(1.0, "the share of the training labels that may be used", gt=0, le=1)
    subset: Literal["stratified", "first"] = option("stratified", "which labels: each class by its share, or the first")
    subset_seed: int = option(0, "which stratified subset", ge=0)
    label_smoothing: float = option(0.0, "mass of the target spread over classes", ge=0, lt=1)
    smoothing_over: Literal["all", "others"] = option(
        "all", "over which classes: all of them, as PyTorch has it, or those that are not the target", absent="all"
    )

    @model_validator(mode="after")
    def _target_leads(self) -> Self:
        if self.smoothing_over == "others" and self.label_smoothing > 0.5:
            raise ValueError(
                f"label_smoothing={self.label_smoothing:g} over the others leaves the target less than half; write less"
            )
        return self

    @field_validator("data", mode="before")
    @classmethod
    def _known_data(cls, value: object) -> object:
        found = known_data(value)
        if isinstance(found, SceneSet):
            raise ValueError(f"{found.name} has a class a pixel, not one an image; write segmentation:{found.name}")
        if isinstance(found, BoxSet):
            raise ValueError(f"{found.name} has boxes, not one label an image; write detection:{found.name}")
        if isinstance(found, TextSet):
            raise ValueError(f"{found.name} holds texts; write text:{found.name}")
        return found

    @property
    def policy(self) -> Augment:
        """The augmentation in force."""
        return cast("Augment", self.data.AUGMENT if self.augment_with == "auto" else self.augment_with)

    def identity(self) -> dict[str, Json]:
        return {**super().identity(), "augment_with": self.policy}

    def splits(self) -> Splits:
        return _splits(self, self.digest())

    def tested(self) -> str:
        return self.data.tested()

    def made_ready(self, how: Preprocessing) -> Self:
        return self.replace(data=made_ready(self.data, how))

    def head(self, model: Network, *, generator: torch.Generator) -> Network:
        self.check_net(model)
        return model.with_head(len(self.splits().classes), generator=generator)

    def views(self, batch: Batch, *, generator: torch.Generator) -> Batch:
        return batch.replace(x=augment(batch.x, self.policy, generator=generator))

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        smoothing, classes = self.label_smoothing, outputs.shape[1]
        if self.smoothing_over == "others":  # PyTorch's of more, of which the target gets its share back
            smoothing *= classes / (classes - 1)
        return F.cross_entropy(outputs, targets, reduction="none", label_smoothing=smoothing)

    def scores(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return right(outputs, targets)


@lru_cache(maxsize=8)
def _splits(task: Classification, digest: str) -> Splits:
    del digest  # part of the cache's key, as in `loaded`
    splits = loaded_images(task.data)
    if len(splits.classes) < 2:
        raise DataError(f"{task.data.name}: one class ({', '.join(splits.classes)}); telling apart needs two or more")
    if isinstance(splits.train, Nothing):
        return splits
    train = _some(splits.train, task)
    remedy = "a larger fraction, or subset=stratified"
    require_two(task.data.name, train.labels, splits.classes, of="images", remedy=remedy)
    return Splits(train, splits.val, splits.test)


def _some(train: Images, task: Classification) -> Images:
    if task.fraction == 1:
        return train
    count = max(1, round(task.fraction * len(train)))
    if task.subset == "first":
        return Subset(train, torch.arange(count))
    return stratified(train, count, task.subset_seed)
