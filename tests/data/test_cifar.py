"""CIFAR through torchvision: read when there, explained when not, never downloaded unasked."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tombola.data._base import Dataset
from tombola.errors import DataError


@pytest.mark.parametrize(("name", "folder"), [("cifar10", "cifar-10-batches-py"), ("cifar100", "cifar-100-python")])
def test_a_missing_set_says_what_to_put_where(tmp_path: Path, name: str, folder: str) -> None:
    with pytest.raises(DataError, match=rf"{name}: .*{tmp_path.name}.*{folder}.*download=true"):
        Dataset.parse({"name": name, "root": tmp_path}).load()
    assert list(tmp_path.iterdir()) == []


def test_the_place_is_no_part_of_identity(tmp_path: Path) -> None:
    assert Dataset.parse("cifar10").digest() == Dataset.parse({"name": "cifar10", "root": tmp_path}).digest()
    assert Dataset.parse("cifar10").digest() != Dataset.parse("cifar100").digest()


class Stand:
    """What torchvision's reader of CIFAR-10 has."""

    def __init__(self, root: str, *, train: bool, download: bool) -> None:
        assert not download
        count = 200 if train else 40
        self.data = np.random.default_rng(count).integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)
        self.targets = [number % 10 for number in range(count)]
        self.classes = [f"k{number}" for number in range(10)]


def test_pixels_and_labels_come_as_torchvision_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    from torchvision import datasets

    monkeypatch.setattr(datasets, "CIFAR10", Stand)
    splits: Any = Dataset.parse("cifar10").load()
    assert (len(splits.train), len(splits.val), len(splits.test)) == (180, 20, 40)
    assert torch.bincount(splits.val.labels).tolist() == [2] * 10
    assert splits.classes[3] == "k3"
    expected = Stand("", train=False, download=False).data
    assert np.array_equal(splits.test.pixels.permute(0, 2, 3, 1).numpy(), expected)


def alike(one: Tensor, other: Tensor) -> bool:
    """To a level of 255: torchvision resizes bytes as floats where the processor has no AVX2, and rounds otherwise."""
    return one.dtype == other.dtype == torch.uint8 and int((one.int() - other.int()).abs().max()) <= 1


def test_at_another_size_images_are_enlarged_when_they_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    from torchvision import datasets
    from torchvision.transforms.v2 import functional as oracle

    monkeypatch.setattr(datasets, "CIFAR10", Stand)
    small: Any = Dataset.parse("cifar10").load()
    large: Any = Dataset.parse({"name": "cifar10", "size": 56, "crop": 0.875}).load()
    chosen = torch.tensor([3, 1])
    assert alike(large.train.pixels_at(chosen), oracle.resize(small.train.pixels_at(chosen), [56, 56]))
    for part in ("val", "test"):
        pixels = oracle.center_crop(oracle.resize(getattr(small, part).pixels_at(chosen), [64, 64]), [56, 56])
        assert alike(getattr(large, part).pixels_at(chosen), pixels)
        assert torch.equal(getattr(large, part).labels, getattr(small, part).labels)
    assert (large.train.size, large.train.on_disk, large.classes) == (56, True, small.classes)


def test_the_size_is_part_of_identity_where_it_is_another() -> None:
    plain = Dataset.parse("cifar10")
    assert plain.identity() == {"name": "cifar10", "val_fraction": 0.1, "seed": 0}
    assert Dataset.parse({"name": "cifar10", "size": 32, "crop": 1.0}).digest() == plain.digest()
    others = [Dataset.parse({"name": "cifar10", **change}) for change in ({"size": 224}, {"crop": 0.875})]
    assert len({plain.digest(), *(other.digest() for other in others)}) == 3
