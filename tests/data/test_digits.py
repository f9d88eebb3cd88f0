"""Digits: the real ones, a fixed test split, labels by number."""

import pytest
import torch

from tombola.data._base import Subset
from tombola.data.digits import Digits, read_digits
from tombola.errors import DataError


def test_all_digits_are_there_and_enlarged() -> None:
    whole = read_digits(16)
    assert whole.pixels.shape == (1797, 3, 16, 16)
    assert whole.labels[:10].tolist() == list(range(10))
    assert torch.equal(whole.pixels[:, 0], whole.pixels[:, 2])
    assert (int(whole.pixels.min()), int(whole.pixels.max())) == (0, 255)


def test_at_eight_pixels_the_values_are_scikit_learns() -> None:
    from sklearn.datasets import load_digits

    expected = torch.from_numpy(load_digits().images * 255 / 16).round().to(torch.uint8)
    assert torch.equal(read_digits(8).pixels[:, 1], expected)


def test_splits_share_nothing_and_cover_all() -> None:
    splits = Digits(size=8).load()
    assert [len(splits.train), len(splits.val), len(splits.test)] == [999, 199, 599]


def test_fewer_labels_leave_validation_and_test_alone() -> None:
    all_, few = Digits(size=8).load(), Digits(size=8, num_train=200).load()
    assert torch.bincount(few.train.labels).tolist() == pytest.approx([20] * 10, abs=1)
    assert len(few.train) == 200
    for whole, part in ((all_.test, few.test), (all_.val, few.val)):
        assert isinstance(whole, Subset)
        assert isinstance(part, Subset)
        assert torch.equal(whole.indices, part.indices)


def test_more_labels_than_there_are() -> None:
    with pytest.raises(DataError, match=r"num_train=1500; there are 999"):
        Digits(num_train=1500).load()
