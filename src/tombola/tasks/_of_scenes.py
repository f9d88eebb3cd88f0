"""What tasks share that ask where in an image something is: their sets, how those are changed, which part is used."""

from functools import lru_cache
from typing import ClassVar, Literal, cast

from pydantic import field_validator

from tombola.data._augment_scenes import AugmentScenes
from tombola.data._base import Dataset, Splits, loaded_images
from tombola.data._scenes import some_scenes
from tombola.spec import Json, option
from tombola.tasks._data import known_data
from tombola.tasks._of_data import OfData


class OfScenes(OfData):
    """A task whose targets move with their image."""

    OF: ClassVar[type]
    """The sets that have such targets."""
    LACKS: ClassVar[str]
    """What another set has not, after its name."""

    augment_with: Literal["auto", "none", "flip", "flip_scale"] = option(
        "auto", "how training images and what is marked in them are changed at random; auto takes what suits the data"
    )
    scale: tuple[float, float] = option((0.5, 2.0), "the smallest and the largest scale, for flip_scale")
    fraction: float = option(1.0, "the share of the training images that may be used", gt=0, le=1)
    subset_seed: int = option(0, "which of them", ge=0)

    @field_validator("data", mode="before")
    @classmethod
    def _of_its_sets(cls, value: object) -> object:
        found = known_data(value)
        if not isinstance(found, cls.OF):
            sets = ", ".join(name for name, member in Dataset.family.members().items() if issubclass(member, cls.OF))
            raise ValueError(f"{found.name} {cls.LACKS}; write one of {sets}")
        return found

    @field_validator("scale")
    @classmethod
    def _rising(cls, value: tuple[float, float]) -> tuple[float, float]:
        if not 0 < value[0] <= value[1]:
            low, high = cls.model_fields["scale"].default
            raise ValueError(f"write the smallest scale and then the largest, both above 0, as in [{low:g}, {high:g}]")
        return value

    @property
    def policy(self) -> AugmentScenes:
        """The augmentation in force."""
        return cast("AugmentScenes", self.data.AUGMENT if self.augment_with == "auto" else self.augment_with)

    def identity(self) -> dict[str, Json]:
        return {**super().identity(), "augment_with": self.policy}

    def splits(self) -> Splits:
        return _splits(self, self.digest())


@lru_cache(maxsize=8)
def _splits(task: OfScenes, digest: str) -> Splits:
    del digest  # part of the cache's key, as in `loaded`
    splits = loaded_images(task.data)
    if task.fraction == 1:
        return splits
    return Splits(some_scenes(splits.train, task.fraction, task.subset_seed), splits.val, splits.test)
