"""CIFAR through torchvision: read when there, explained when not, never downloaded unasked."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

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


def test_pixels_and_labels_come_as_torchvision_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    from torchvision import datasets

    class Stand:
        def __init__(self, root: str, *, train: bool, download: bool) -> None:
            assert not download
            count = 200 if train else 40
            self.data = np.random.default_rng(count).integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)
            self.targets = [number % 10 for number in range(count)]
            self.classes = [f"k{number}" for number in range(10)]

    monkeypatch.setattr(datasets, "CIFAR10", Stand)
    splits: Any = Dataset.parse("cifar10").load()
    assert (len(splits.train), len(splits.val), len(splits.test)) == (180, 20, 40)
    assert torch.bincount(splits.val.labels).tolist() == [2] * 10
    assert splits.classes[3] == "k3"
    expected = Stand("", train=False, download=False).data
    assert np.array_equal(splits.test.pixels.permute(0, 2, 3, 1).numpy(), expected)
