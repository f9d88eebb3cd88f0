"""SVHN through torchvision: its arrays as they are, its counts held to, explained when missing."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tombola.data._base import Dataset, Published
from tombola.data.svhn import Svhn
from tombola.errors import DataError


class Stand:
    """What torchvision's reader has."""

    def __init__(self, root: str, *, split: str, download: bool) -> None:
        count = {"train": 200, "test": 40}[split]
        self.data = np.random.default_rng(count).integers(0, 256, (count, 3, 32, 32), dtype=np.uint8)
        self.labels = np.arange(count) % 10


@pytest.fixture(autouse=True)
def _stand(monkeypatch: pytest.MonkeyPatch) -> None:
    from torchvision import datasets

    monkeypatch.setattr(datasets, "SVHN", Stand)


def test_pixels_labels_and_splits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Svhn, "PUBLISHED", Published(10, 200, 40))
    splits: Any = Dataset.parse("svhn").load()
    assert torch.bincount(splits.train.labels).tolist() == [18] * 10
    assert torch.bincount(splits.val.labels).tolist() == [2] * 10
    assert splits.classes == tuple("0123456789")
    assert np.array_equal(splits.test.pixels.numpy(), Stand("", split="test", download=False).data)
    large: Any = Dataset.parse({"name": "svhn", "size": 64}).load()
    assert large.test.pixels_at(torch.tensor([0, 39])).shape == (2, 3, 64, 64)


def test_other_counts_are_refused() -> None:
    with pytest.raises(DataError, match=r"svhn: found 10 classes, 200 training and 40 test images .* 73,257 training"):
        Dataset.parse("svhn").load()


def test_a_missing_set_says_what_to_put_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    with pytest.raises(
        DataError, match=rf"svhn: .*{tmp_path.name}.*get train_32x32\.mat.*ufldl.*download=true fetches"
    ):
        Dataset.parse(f"svhn:{tmp_path}").load()
    assert list(tmp_path.iterdir()) == []
