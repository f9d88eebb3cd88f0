"""How many samples a set holds, how large and of how many classes: known without reading a published set."""

from dataclasses import dataclass, replace

from tombola.data._base import Dataset, Published, Splits, loaded, of_images
from tombola.data._text_set import TextSet
from tombola.data._texts import Texts
from tombola.data._unlabelled import Unlabelled
from tombola.errors import DataError

_ONE_EACH = {"num_train": 1, "num_val": 1, "num_test": 1}


@dataclass(frozen=True)
class Counts:
    """Samples of each split, classes, and the side of an image in pixels, or the tokens of a text."""

    train: int
    val: int
    test: int
    classes: int
    pixels: int
    tokens: int | None = None

    def part(self, fraction: float) -> "Counts":
        """With a share of the training samples, as tasks take it."""
        return self if fraction == 1 else replace(self, train=max(1, round(fraction * self.train)))

    def few(self, shots: int) -> "Counts":
        """With so many training samples of each class."""
        return replace(self, train=shots * self.classes)


def counts_of(dataset: Dataset) -> Counts:
    """The counts of a set: as published, as its options say, or those of its samples, which are then read.

    Raises the `DataError` of a set that is neither published nor at hand.
    """
    published, size = dataset.PUBLISHED, getattr(dataset, "size", None)
    if published is not None and isinstance(size, int):
        return _as_told(dataset, published, size)
    if isinstance(dataset, TextSet):
        return _of_texts(dataset)
    if dataset.MADE_HERE and all(name in type(dataset).model_fields for name in _ONE_EACH):
        some = _of_splits(
            of_images(dataset.replace(**_ONE_EACH).load(), dataset.name)
        )  # three images tell classes and size
        train, val, test = (int(getattr(dataset, name)) for name in _ONE_EACH)
        return replace(some, train=train, val=val, test=test)
    splits = loaded(dataset)
    if isinstance(splits.train, Unlabelled):
        return Counts(len(splits.train), len(splits.val), len(splits.test), 0, splits.train.size)
    return _of_splits(of_images(splits, "an estimate of the cost"))


def _of_splits(splits: Splits) -> Counts:
    train = splits.train
    return Counts(len(train), len(splits.val), len(splits.test), len(splits.classes), train.size)


def _of_texts(dataset: TextSet) -> Counts:
    """Those of the texts, as long as they are on average; of a released set that is not here all at their longest."""
    try:
        splits = loaded(dataset)
    except DataError:
        if dataset.RELEASED is None:
            raise
        return _as_told(dataset, dataset.RELEASED, 0, dataset.length)
    train = splits.train
    assert isinstance(train, Texts)
    tokens = round(sum(map(len, train.ids)) / len(train))
    return Counts(len(train), len(splits.val), len(splits.test), len(splits.classes), 0, tokens)


def _as_told(dataset: Dataset, told: Published, pixels: int, tokens: int | None = None) -> Counts:
    """Those of a set whose files need not be here; validation is held out of what it is trained on."""
    val = round(float(getattr(dataset, "val_fraction", 0.0)) * told.train)
    train = getattr(dataset, "num_train", None) or told.train - val
    return Counts(train, val, told.test, told.classes, pixels, tokens)
