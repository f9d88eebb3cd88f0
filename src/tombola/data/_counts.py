"""How many images a set holds, how large and of how many classes: known without reading a published set."""

from dataclasses import dataclass, replace

from tombola.data._base import Dataset, Splits, loaded, of_images

_ONE_EACH = {"num_train": 1, "num_val": 1, "num_test": 1}


@dataclass(frozen=True)
class Counts:
    """Images of each split, classes, and the side of an image in pixels."""

    train: int
    val: int
    test: int
    classes: int
    pixels: int

    def part(self, fraction: float) -> "Counts":
        """With a share of the training images, as tasks take it."""
        return self if fraction == 1 else replace(self, train=max(1, round(fraction * self.train)))


def counts_of(dataset: Dataset) -> Counts:
    """The counts of a set: as published, as its options say, or those of its images, which are then read.

    Raises the `DataError` of a set that is neither published nor at hand.
    """
    published, size = dataset.PUBLISHED, getattr(dataset, "size", None)
    if published is not None and isinstance(size, int):
        val = round(float(getattr(dataset, "val_fraction", 0.0)) * published.train)
        train = getattr(dataset, "num_train", None) or published.train - val
        return Counts(train, val, published.test, published.classes, size)
    if dataset.MADE_HERE and all(name in type(dataset).model_fields for name in _ONE_EACH):
        some = _of_splits(
            of_images(dataset.replace(**_ONE_EACH).load(), dataset.name)
        )  # three images tell classes and size
        train, val, test = (int(getattr(dataset, name)) for name in _ONE_EACH)
        return replace(some, train=train, val=val, test=test)
    return _of_splits(of_images(loaded(dataset), "an estimate of the cost"))


def _of_splits(splits: Splits) -> Counts:
    train = splits.train
    return Counts(len(train), len(splits.val), len(splits.test), len(splits.classes), train.size)
