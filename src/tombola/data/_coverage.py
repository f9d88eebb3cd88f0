"""Classes that a split lacks: refused or said where they would silently change what a figure means."""

import warnings

import torch

from tombola.data._base import Images, Splits
from tombola.errors import DataError

_SHOWN = 10


def require_every_class(name: str, images: Images) -> None:
    """Raise `DataError` where some class has no image among those that are trained on, or held out of them."""
    if empty := _without(images):
        raise DataError(
            f"{name}: classes without an image to train on: {_listed(empty)}; leave them out of classes, or add images"
        )


def say_untested(name: str, splits: Splits) -> Splits:
    """The splits, as they are; warns of classes that no test image is of, so that no figure says how they fare."""
    if missing := _without(splits.test):
        warnings.warn(
            f"{name}: classes that are never tested, as they have too few images: {_listed(missing)};"
            " give them more, or another test_fraction",
            stacklevel=3,
        )
    return splits


def _without(images: Images) -> list[str]:
    counts = torch.bincount(images.labels, minlength=len(images.classes)).tolist()
    return [name for name, count in zip(images.classes, counts, strict=True) if count == 0]


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
