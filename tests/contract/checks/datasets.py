"""What every data set keeps: bytes of one size or texts, with their labels, the same every time, none in two splits."""

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from itertools import combinations
from typing import Any

import pytest
import torch

from tombola.answers import Classes
from tombola.batch import Batch
from tombola.data._base import Dataset, Images, InMemory, Labelled, Splits
from tombola.data._boxes import BoxSet
from tombola.data._scenes import VOID, SceneSet
from tombola.data._text_set import TextSet
from tombola.data._texts import Texts
from tombola.errors import DataError
from tombola.properties._base import Property
from tombola.tasks._base import Task
from tombola.tasks._texts import OfTexts

from .faults import Fault, gives
from .room import Check, rng

TEXTUAL = [name for name, task in Task.family.members().items() if issubclass(task, OfTexts)]


def parts(dataset: Dataset) -> tuple[Labelled, Labelled, Labelled]:
    """Train, validation and test; a published set whose files are not at hand says so: there is no more to see."""
    if dataset.PUBLISHED is not None:
        with pytest.raises(DataError, match=dataset.name):
            dataset.load()
        pytest.skip("its files are published elsewhere; its own test lays out a small tree of them")
    splits = dataset.load()
    train, val, test = splits.train, splits.val, splits.test
    assert isinstance(train, Labelled)
    assert isinstance(val, Labelled)
    assert isinstance(test, Labelled)
    return train, val, test


def everything(samples: Labelled) -> Batch:
    """All of them, in their order."""
    return samples.take(torch.arange(len(samples)))


def digests(shown: Batch) -> list[bytes]:
    """What each sample is, whatever it shares a batch with."""
    mask = shown.more.get("attention_mask")
    rows = shown.x if mask is None else [x[seen] for x, seen in zip(shown.x, mask.bool(), strict=True)]
    return [sha256(row.numpy().tobytes()).digest() for row in rows]


def samples_are_images(samples: Labelled) -> bool:
    """Whether they are; else they are texts."""
    assert isinstance(samples, Images | Texts), "a set is of images or of texts"
    return isinstance(samples, Images)


def tells_classes(dataset: Dataset) -> bool:
    """Whether its samples are of classes; else a number is asked for, or a place in a text."""
    return not isinstance(dataset, TextSet) or issubclass(dataset.asks, Classes)


def its_samples_are_bytes_or_words(dataset: Dataset) -> None:
    for samples in parts(dataset):
        found = everything(samples)
        assert len(found) == len(samples) > 0
        assert int(found.x.min()) < int(found.x.max()), "there is nothing to see"
        if samples_are_images(samples):
            assert (found.x.dtype, found.x.shape[1]) == (torch.uint8, 3)
            assert not found.more
        else:
            assert (found.x.dtype, found.x.ndim) == (torch.int64, 2)
            assert int(found.x.min()) >= 0
            assert found.more["attention_mask"].shape == found.x.shape


def each_has_a_label_of_its_classes(dataset: Dataset) -> None:
    for samples in parts(dataset):
        labels = samples.labels
        if isinstance(dataset, BoxSet):
            assert (labels.dtype, labels.shape[2]) == (torch.float32, 5)
            assert -1 <= int(labels[..., 0].min()) <= int(labels[..., 0].max()) < len(samples.classes)
            continue
        if not tells_classes(dataset):
            assert labels.isfinite().all()
            assert not samples.classes
            continue
        places = samples.take(torch.tensor([0])).x.shape[2:] if samples_are_images(samples) else ()
        assert labels.shape in {(len(samples),), (len(samples), *places)}
        known = labels[labels != VOID] if labels.dim() > 1 else labels
        assert int(known.min()) >= 0
        assert int(known.max()) < len(samples.classes)


def its_splits_share_classes_and_no_sample(dataset: Dataset) -> None:
    found = parts(dataset)
    assert len({samples.classes for samples in found}) == 1
    assert len(set(found[0].classes)) == len(found[0].classes) > int(tells_classes(dataset)) - 1
    seen = [set(digests(everything(samples))) for samples in found]
    assert not any(one & other for one, other in combinations(seen, 2)), "a sample is in two splits"


def it_is_the_same_every_time(dataset: Dataset) -> None:
    for one, again in zip(parts(dataset), parts(dataset), strict=True):
        assert torch.equal(everything(one).x, everything(again).x)
        assert torch.equal(one.labels, again.labels)


def it_takes_samples_in_the_order_asked(dataset: Dataset) -> None:
    for samples in parts(dataset):
        order = torch.tensor([len(samples) - 1, 0, 0])
        some, whole = samples.some(order), digests(everything(samples))
        wanted = [whole[place] for place in order.tolist()]
        assert digests(samples.take(order)) == digests(everything(some)) == wanted
        assert torch.equal(some.labels, samples.labels[order])


def what_it_says_suits_it_exists(dataset: Dataset) -> None:
    assert dataset.JUDGED_BY in Property.family.names()
    if isinstance(dataset, TextSet):
        name = next(n for n in TEXTUAL if Task.family.get(n).ANSWERS is dataset.asks)  # type: ignore[attr-defined]
        assert bool(Task.parse({"name": name, "data": dataset}).splits().classes) == tells_classes(dataset)
        return
    boxes = isinstance(dataset, BoxSet)
    kind = "detection" if boxes else "segmentation" if isinstance(dataset, SceneSet) else "classification"
    task = Task.parse({"name": kind, "data": dataset})
    x, y = torch.rand(2, 3, 16, 16, generator=rng()), torch.zeros(2, 16, 16, dtype=torch.uint8)
    y = torch.zeros(2, 1, 5) if boxes else y
    assert task.views(Batch(x, y), generator=rng()).x.shape == x.shape


CHECKS: tuple[Check, ...] = (
    its_samples_are_bytes_or_words,
    each_has_a_label_of_its_classes,
    its_splits_share_classes_and_no_sample,
    it_is_the_same_every_time,
    it_takes_samples_in_the_order_asked,
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
        its_splits_share_classes_and_no_sample,
    ),
    Fault(
        "gives floats",
        "digits",
        "load",
        gives(_images(lambda i: replace(i, pixels=i.pixels / 255))),
        its_samples_are_bytes_or_words,
    ),
    Fault(
        "has a label too many",
        "digits",
        "load",
        gives(_images(lambda i: replace(i, labels=i.labels + 5))),
        each_has_a_label_of_its_classes,
    ),
    Fault(
        "is another every time",
        "digits",
        "load",
        gives(_images(lambda i: replace(i, pixels=i.pixels[torch.randperm(len(i.pixels))]))),
        it_is_the_same_every_time,
    ),
)
