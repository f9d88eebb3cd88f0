"""The contract of a data set: three splits of uint8 images, validation taken from train only."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Self

import torch
from torch import Tensor

from tombola.errors import DataError
from tombola.registry import Family, Member


class Images(ABC):
    """Labelled RGB images of one size, in memory or decoded when asked for."""

    labels: Tensor  # (N,) int64
    classes: tuple[str, ...]
    size: int  # height and width in pixels
    on_disk: bool = False  # whether `take` reads files, so that reading ahead pays

    def __len__(self) -> int:
        return len(self.labels)

    @abstractmethod
    def take(self, indices: Tensor) -> Tensor:
        """The images at ``indices`` as uint8, (n, 3, size, size)."""

    def title_of(self, index: int) -> str:
        """How people find an image again: its file's name where it has one, else its number."""
        return str(index)


@dataclass(frozen=True)
class InMemory(Images):
    """Images held as one uint8 tensor (N, 3, size, size)."""

    pixels: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    names: tuple[str, ...] = ()  # of the files they were read from

    @property
    def size(self) -> int:  # type: ignore[override]  # read from the pixels
        return int(self.pixels.shape[-1])

    def take(self, indices: Tensor) -> Tensor:
        return self.pixels[indices]

    def title_of(self, index: int) -> str:
        return self.names[index] if self.names else super().title_of(index)


@dataclass(frozen=True)
class Subset(Images):
    """Some of another set's images, in the order of ``indices``."""

    whole: Images
    indices: Tensor

    @property
    def labels(self) -> Tensor:  # type: ignore[override]  # read from the whole
        return self.whole.labels[self.indices]

    @property
    def classes(self) -> tuple[str, ...]:  # type: ignore[override]
        return self.whole.classes

    @property
    def size(self) -> int:  # type: ignore[override]
        return self.whole.size

    @property
    def on_disk(self) -> bool:  # type: ignore[override]
        return self.whole.on_disk

    def take(self, indices: Tensor) -> Tensor:
        return self.whole.take(self.indices[indices])

    def title_of(self, index: int) -> str:
        return self.whole.title_of(int(self.indices[index]))


@dataclass(frozen=True)
class Splits:
    """Train, validation (carved from train) and test, with the same classes."""

    train: Images
    val: Images
    test: Images

    @property
    def classes(self) -> tuple[str, ...]:
        return self.train.classes


@dataclass(frozen=True)
class Published:
    """What a published set holds, known without reading it; ``train`` is before validation is held out of it."""

    classes: int
    train: int
    test: int


class Dataset(Member):
    """A named set of labelled images. Gray images come as three equal channels."""

    family: ClassVar[Family] = Family("datasets", "tombola.data")
    AUGMENT: ClassVar[str] = "shift"  # the augmentation policy that suits these images
    MADE_HERE: ClassVar[bool] = False  # whether the images are computed, so that nothing can be missing
    PUBLISHED: ClassVar[Published | None] = None  # the counts, where the set is one that was published
    JUDGED_BY: ClassVar[str] = "accuracy"  # the property that a model on this set is compared by

    @classmethod
    def examples(cls, folder: Path) -> list[Self]:
        """As every member's; a set that looks for its files in a ``root`` looks into ``folder``."""
        where = {"root": folder} if "root" in cls.model_fields else {}
        return [example.replace(**where) for example in super().examples(folder)]

    @abstractmethod
    def load(self) -> Splits:
        """The three splits; the same bytes every time."""

    def tested(self) -> str:
        """Which images the test split is, in words."""
        return f"the test split of {self.name}"


def loaded(dataset: Dataset) -> Splits:
    """``dataset.load()``, kept in memory for the last few sets while nothing that identifies them changes."""
    return _loaded(dataset, dataset.digest())


@lru_cache(maxsize=3)
def _loaded(dataset: Dataset, digest: str) -> Splits:
    del digest  # part of the cache's key: a folder whose files changed is another set
    return dataset.load()


def hold_out(images: Images, fraction: float, seed: int) -> tuple[Images, Images]:
    """``images`` in two, the second holding ``fraction`` of them: seeded, and the same share of every class."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(images), generator=generator)
    labels = images.labels[order]
    out = torch.zeros(len(images), dtype=torch.bool)
    for label in range(len(images.classes)):
        of_class = order[labels == label]
        out[of_class[: round(fraction * len(of_class))]] = True
    return Subset(images, torch.nonzero(~out).flatten()), Subset(images, torch.nonzero(out).flatten())


def stratified(images: Images, count: int, seed: int) -> Images:
    """Exactly ``count`` of ``images``, every class by its share; seeded, and a smaller subset lies in every larger."""
    if not 0 < count <= len(images):
        raise DataError(f"{count} images asked for, the set has {len(images)}; ask for 1 to {len(images)}")
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    labels = images.labels[order]
    share = torch.zeros(len(images), dtype=torch.float64)
    for label in range(len(images.classes)):
        of_class = torch.nonzero(labels == label).flatten()
        # The k-th of n images of a class comes at (k + 1/2) / n of the way: any prefix holds each class by its share.
        share[of_class] = (torch.arange(len(of_class), dtype=torch.float64) + 0.5) / max(1, len(of_class))
    first = torch.argsort(share, stable=True)[:count]
    return Subset(images, order[first].sort().values)
