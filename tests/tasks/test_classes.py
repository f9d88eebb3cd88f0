"""Samples of one class teach nothing that tells classes apart."""

import pytest
import torch

from tombola.errors import DataError
from tombola.tasks._classes import require_two


def test_two_classes_of_three_are_enough() -> None:
    require_two("digits", torch.tensor([0, 2, 0]), ("a", "b", "c"), of="images", remedy="take more")


def test_one_class_is_named_with_what_to_do() -> None:
    with pytest.raises(
        DataError,
        match=r"^digits: all 2 training images are of one class \(c\), of 3; telling apart needs two or more"
        r" \(take more, where they were left out\)$",
    ):
        require_two("digits", torch.tensor([2, 2]), ("a", "b", "c"), of="images", remedy="take more")
