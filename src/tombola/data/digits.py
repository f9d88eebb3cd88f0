"""Digits: scikit-learn's 1,797 real handwritten digits, the built-in downstream task.

What: 8x8 gray images of the digits 0 to 9 (UCI's optical recognition test set), enlarged bilinearly to ``size``, white
on black. About a third is the test split and a ninth the validation split, drawn once by ``seed`` in equal shares of
every class; the rest trains.
When: a small real task for a model pretrained on something else; no download.
Cost: milliseconds.
Options: ``size``; ``num_train``, how many labels the training split has (a smaller one lies in every larger one, and
validation and test do not change with it); ``seed`` of the split.
Reference: E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI, 1998.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from tombola.data._base import Dataset, InMemory, Splits, hold_out, stratified
from tombola.errors import DataError
from tombola.registry import Examples
from tombola.spec import option


class Digits(Dataset):
    """scikit-learn's handwritten digits."""

    AUGMENT: ClassVar[str] = "shift"
    EXAMPLES: ClassVar[Examples] = ({"num_train": 40},)

    size: int = option(16, "height and width in pixels", ge=8, le=256)
    num_train: int | None = option(None, "labelled images to train on; None takes all (about 1,000)", ge=1)
    seed: int = option(0, "which split", ge=0)

    def load(self) -> Splits:
        whole = read_digits(self.size)
        rest, test = hold_out(whole, 1 / 3, self.seed)
        train, val = hold_out(rest, 1 / 6, self.seed)
        if self.num_train is not None:
            if self.num_train > len(train):
                raise DataError(f"digits: num_train={self.num_train}; there are {len(train)} images to train on")
            train = stratified(train, self.num_train, self.seed)
        return Splits(train, val, test)


def read_digits(size: int) -> InMemory:
    """All digits in scikit-learn's order, as (1797, 3, size, size)."""
    images, labels = _images_and_labels()
    gray = torch.from_numpy(images).clone()[:, None]  # float64 in 0..16
    return InMemory(enlarge(gray / 16, size), torch.from_numpy(labels).long(), tuple("0123456789"))


def _images_and_labels() -> tuple[np.ndarray, np.ndarray]:
    """From the file that scikit-learn brings, without importing scikit-learn, which takes two seconds."""
    found = find_spec("sklearn")
    assert found is not None
    file = Path(*found.submodule_search_locations or ()) / "datasets" / "data" / "digits.csv.gz"
    if file.is_file():
        table = np.loadtxt(file, delimiter=",")
        return table[:, :-1].reshape(-1, 8, 8), table[:, -1]
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return bunch.images, bunch.target


def enlarge(gray: Tensor, size: int) -> Tensor:
    """Gray images (N, 1, h, w) in [0, 1] as uint8 RGB, (N, 3, size, size)."""
    large = F.interpolate(gray, size=(size, size), mode="bilinear", align_corners=False)
    return (large * 255).round().to(torch.uint8).expand(-1, 3, -1, -1).contiguous()
