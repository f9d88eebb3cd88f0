"""The contract of a data set: three splits of examples, uint8 images most often, validation taken from train only."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Generic, Self, cast, overload

import torch
from torch import Tensor
from typing_extensions import TypeVar

from tombola.batch import Batch
from tombola.errors import DataError
from tombola.registry import Family, Member


def cut(order: Tensor, most: int) -> list[Tensor]:
    """Numbers in batches of ``most``, the last one smaller; of none no batch."""
    return list(torch.split(order, most)) if len(order) else []


class Examples(ABC):
    """Samples by their numbers: images, texts, ... in memory or read when asked for."""

    on_disk: bool = False  # whether `take` reads files, so that reading ahead pays

    @abstractmethod
    def __len__(self) -> int:
        """How many there are."""

    @abstractmethod
    def take(self, indices: Tensor) -> Batch:
        """Those at ``indices``, in that order; bytes stay bytes."""

    @abstractmethod
    def some(self, indices: Tensor) -> "Examples":
        """Those at ``indices`` as a set of their own, of the same kind."""

    def order(self, generator: torch.Generator, batch: int) -> Tensor:
        """The order of one epoch, each sample once, drawn from ``generator``; it is cut into batches of ``batch``.

        Overridden where it matters which samples share a batch, as texts of one length do.
        """
        del batch
        return torch.randperm(len(self), generator=generator)

    def batches_of(self, most: int) -> list[Tensor]:
        """All their numbers, in batches of at most ``most`` for a net that only answers them, in whatever order.

        Overridden where it costs less to answer those together that are alike.
        """
        return cut(torch.arange(len(self)), most)

    def at_once(self, most: int) -> Batch | None:
        """All of them as one batch, in their order, where it takes at most so many bytes; None: they stay apart."""
        del most
        return None

    def title_of(self, index: int) -> str:
        """How people find a sample again: its file's name where it has one, else its number."""
        return str(index)


class Labelled(Examples):
    """Samples with a target each. ``classes`` names what they are told apart as; empty where nobody does."""

    labels: Tensor  # N first: (N,) int64, a label a pixel (N, H, W), boxes (N, M, 5), ...
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    @abstractmethod
    def some(self, indices: Tensor) -> "Labelled":
        """Those at ``indices``, with their labels."""


class Images(Labelled):
    """Labelled RGB images of one size."""

    size: int  # height and width in pixels

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width, where they are not the same."""
        return self.size, self.size

    @abstractmethod
    def pixels_at(self, indices: Tensor) -> Tensor:
        """The images at ``indices`` as uint8, (n, 3, size, size)."""

    def take(self, indices: Tensor) -> Batch:
        return Batch(self.pixels_at(indices), self.labels[indices])

    def some(self, indices: Tensor) -> "Images":
        return Subset(self, indices)

    def at_once(self, most: int) -> Batch | None:
        fits = not self.on_disk and len(self) * 3 * self.size**2 <= most
        return self.take(torch.arange(len(self))) if fits else None


@dataclass(frozen=True)
class InOneShape(Images):
    """Images held as one uint8 tensor (N, 3, H, W), whatever their labels say of them."""

    pixels: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    names: tuple[str, ...] = ()  # of the files they were read from

    @property
    def size(self) -> int:  # type: ignore[override]  # read from the pixels
        """The side of a square of as many pixels."""
        return round(float(self.pixels[0, 0].numel() ** 0.5))

    @property
    def shape(self) -> tuple[int, int]:
        return self.pixels.shape[2], self.pixels.shape[3]

    def pixels_at(self, indices: Tensor) -> Tensor:
        return self.pixels[indices]

    def title_of(self, index: int) -> str:
        return self.names[index] if self.names else super().title_of(index)


@dataclass(frozen=True)
class InMemory(InOneShape):
    """Such images, each of one class: squares (N, 3, size, size)."""

    @property
    def size(self) -> int:  # type: ignore[override]  # read from the pixels
        return int(self.pixels.shape[-1])


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
    def shape(self) -> tuple[int, int]:
        return self.whole.shape

    @property
    def on_disk(self) -> bool:  # type: ignore[override]
        return self.whole.on_disk

    def pixels_at(self, indices: Tensor) -> Tensor:
        return self.whole.pixels_at(self.indices[indices])

    def take(self, indices: Tensor) -> Batch:
        return self.whole.take(self.indices[indices])

    def title_of(self, index: int) -> str:
        return self.whole.title_of(int(self.indices[index]))


E_co = TypeVar("E_co", bound=Examples, default=Images, covariant=True)


@dataclass(frozen=True)
class Splits(Generic[E_co]):
    """Train, validation (carved from train) and test, with the same classes; ``Splits`` alone is of images.

    ``left_out`` says of files that are in none of them why.
    """

    train: E_co
    val: E_co
    test: E_co
    left_out: Mapping[str, str] = field(default_factory=dict, kw_only=True)

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes' names, empty where samples have none."""
        train: Examples = self.train
        return train.classes if isinstance(train, Labelled) else ()


def of_images(splits: Splits[Examples], who: str) -> Splits:
    """The splits, which must be of images; `DataError` says that ``who`` needs them."""
    if not isinstance(splits.train, Images):
        kind = type(splits.train).__name__.lower()
        if kind == "unlabelled":
            raise DataError(
                f"{who} needs images with labels, and these have none; put each class into a folder of its own, as"
                " PATH/cat/1.jpg, or write labels=FILE.csv, or a task that asks for none, as contrastive:folder:PATH"
            )
        raise DataError(f"{who} needs images with labels, and this set holds {kind}; write one of images, as digits")
    return cast("Splits", splits)


@dataclass(frozen=True)
class Published:
    """What a published set holds, known without reading it; ``train`` is before validation is held out of it."""

    classes: int
    train: int
    test: int


class Dataset(Member):
    """A named set, of labelled images most often. Gray images come as three equal channels."""

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
    def load(self) -> Splits[Examples]:
        """The three splits; the same bytes every time."""

    def tested(self) -> str:
        """Which images the test split is, in words."""
        return f"the test split of {self.name}"

    def given(self) -> Collection[str]:
        """Which of ``test`` and ``val`` its files name themselves; the others are held out by ``seed``."""
        fields = type(self).model_fields
        return ["test"] if "val_fraction" in fields and "test_fraction" not in fields else []


def loaded(dataset: Dataset) -> Splits[Examples]:
    """``dataset.load()``, kept in memory for the last few sets while nothing that identifies them changes."""
    return _loaded(dataset, dataset.digest())


def loaded_images(dataset: Dataset) -> Splits:
    """The same of a set of images; `DataError` for one of something else."""
    return of_images(loaded(dataset), dataset.name)


@lru_cache(maxsize=3)
def _loaded(dataset: Dataset, digest: str) -> Splits[Examples]:
    del digest  # part of the cache's key: a folder whose files changed is another set
    return dataset.load()


def hold_out(images: Images, fraction: float, seed: int) -> tuple[Images, Images]:
    """``images`` in two, the second holding ``fraction`` of them: seeded, and the same share of every class."""
    kept, out = held_out(images.labels, len(images.classes), fraction, seed)
    return Subset(images, kept), Subset(images, out)


def held_out(labels: Tensor, classes: int, fraction: float, seed: int) -> tuple[Tensor, Tensor]:
    """Which samples stay and which are held out, of labels (N,): seeded, and the same share of every class."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(labels), generator=generator)
    drawn = labels[order]
    out = torch.zeros(len(labels), dtype=torch.bool)
    for label in range(classes):
        of_class = order[drawn == label]
        out[of_class[: round(fraction * len(of_class))]] = True
    return torch.nonzero(~out).flatten(), torch.nonzero(out).flatten()


@overload
def stratified(samples: Images, count: int, seed: int) -> Images: ...
@overload
def stratified(samples: Labelled, count: int, seed: int) -> Labelled: ...
def stratified(samples: Labelled, count: int, seed: int) -> Labelled:
    """Exactly ``count`` of ``samples``, every class by its share; seeded, and a smaller subset lies in every larger."""
    return samples.some(by_share(samples.labels, len(samples.classes), count, seed))


def by_share(labels: Tensor, classes: int, count: int, seed: int) -> Tensor:
    """Which samples those are, of labels (N,): their numbers in order."""
    if not 0 < count <= len(labels):
        raise DataError(f"{count} samples asked for, the set has {len(labels)}; ask for 1 to {len(labels)}")
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    drawn = labels[order]
    share = torch.zeros(len(labels), dtype=torch.float64)
    for label in range(classes):
        of_class = torch.nonzero(drawn == label).flatten()
        # The k-th of n images of a class comes at (k + 1/2) / n of the way: any prefix holds each class by its share.
        share[of_class] = (torch.arange(len(of_class), dtype=torch.float64) + 0.5) / max(1, len(of_class))
    first = torch.argsort(share, stable=True)[:count]
    return order[first].sort().values
