"""What every data set keeps: bytes of one size with their labels, the same every time, no image in two splits."""

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from itertools import combinations
from typing import Any

import pytest
import torch
from torch import Tensor

from tombola.batch import Batch
from tombola.data._base import Dataset, Images, InMemory, Splits, of_images
from tombola.data._scenes import VOID, SceneSet
from tombola.errors import DataError
from tombola.properties._base import Property
from tombola.tasks._base import Task

from .faults import Fault, gives
from .room import Check, rng


def loaded(dataset: Dataset) -> Splits:
    """The splits; a published set whose files are not at hand says so, and there is no more to see."""
    if dataset.PUBLISHED is None:
        return of_images(dataset.load(), dataset.name)
    with pytest.raises(DataError, match=dataset.name):
        dataset.load()
    pytest.skip("its files are published elsewhere; its own test lays out a small tree of them")


def parts(dataset: Dataset) -> tuple[Images, Images, Images]:
    """Train, validation and test."""
    splits = loaded(dataset)
    return splits.train, splits.val, splits.test


def everything(images: Images) -> Tensor:
    """All pixels."""
    return images.pixels_at(torch.arange(len(images)))


def its_images_are_bytes_with_a_label_each(dataset: Dataset) -> None:
    for images in parts(dataset):
        pixels = everything(images)
        assert len(images) > 0
        assert (pixels.dtype, pixels.shape[:2]) == (torch.uint8, (len(images), 3))
        assert int(pixels.min()) < int(pixels.max()), "the images are blank"
        labels = images.labels
        assert labels.shape in {(len(images),), (len(images), *pixels.shape[2:])}
        known = labels[labels != VOID] if labels.dim() > 1 else labels
        assert int(known.min()) >= 0
        assert int(known.max()) < len(images.classes)


def its_splits_share_classes_and_no_image(dataset: Dataset) -> None:
    found = parts(dataset)
    assert len({images.classes for images in found}) == 1
    assert len(set(found[0].classes)) == len(found[0].classes) > 1
    seen = [{sha256(image.numpy().tobytes()).digest() for image in everything(images)} for images in found]
    assert not any(one & other for one, other in combinations(seen, 2)), "an image is in two splits"


def it_is_the_same_every_time(dataset: Dataset) -> None:
    for one, again in zip(parts(dataset), parts(dataset), strict=True):
        assert torch.equal(everything(one), everything(again))
        assert torch.equal(one.labels, again.labels)


def it_takes_images_in_the_order_asked(dataset: Dataset) -> None:
    for images in parts(dataset):
        order = torch.tensor([len(images) - 1, 0, 0])
        assert torch.equal(images.pixels_at(order), everything(images)[order])


def what_it_says_suits_it_exists(dataset: Dataset) -> None:
    assert dataset.JUDGED_BY in Property.family.names()
    kind = "segmentation" if isinstance(dataset, SceneSet) else "classification"
    x, y = torch.rand(2, 3, 16, 16, generator=rng()), torch.zeros(2, 16, 16, dtype=torch.uint8)
    changed = Task.parse({"name": kind, "data": dataset}).views(Batch(x, y), generator=rng())
    assert changed.x.shape == x.shape


CHECKS: tuple[Check, ...] = (
    its_images_are_bytes_with_a_label_each,
    its_splits_share_classes_and_no_image,
    it_is_the_same_every_time,
    it_takes_images_in_the_order_asked,
    what_it_says_suits_it_exists,
)


def _images(change: Callable[[InMemory], Any]) -> Callable[[Splits], Splits]:
    def changed(splits: Splits) -> Splits:
        held = InMemory(splits.train.pixels_at(torch.arange(len(splits.train))), splits.train.labels, splits.classes)
        return replace(splits, train=change(held))

    return changed


FAULTS: tuple[Fault, ...] = (
    Fault(
        "validates on test images",
        "digits",
        "load",
        gives(lambda s: replace(s, val=s.test)),
        its_splits_share_classes_and_no_image,
    ),
    Fault(
        "gives floats",
        "digits",
        "load",
        gives(_images(lambda i: replace(i, pixels=i.pixels / 255))),
        its_images_are_bytes_with_a_label_each,
    ),
    Fault(
        "has a label too many",
        "digits",
        "load",
        gives(_images(lambda i: replace(i, labels=i.labels + 5))),
        its_images_are_bytes_with_a_label_each,
    ),
    Fault(
        "is another every time",
        "digits",
        "load",
        gives(_images(lambda i: replace(i, pixels=i.pixels[torch.randperm(len(i.pixels))]))),
        it_is_the_same_every_time,
    ),
)
