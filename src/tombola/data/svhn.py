"""SVHN: 99,289 house numbers from the street, cropped to digits of 32x32, read through torchvision.

What: the published 73,257 training images, validation held out of them by ``seed``, against the 26,032 of test; the
531,131 extra ones are left out. At another ``size`` than 32 they are enlarged when taken; test images lose their rim
where ``crop`` is below 1.
When: ``root`` holds torchvision's ``train_32x32.mat`` and ``test_32x32.mat``, or ``download`` is asked for.
Cost: 300 MB in memory; a download of 0.25 GB when asked for.
Options: ``root``, ``download``, ``val_fraction``, ``seed``, ``size``, ``crop``.
Reference: Netzer et al., "Reading Digits in Natural Images with Unsupervised Feature Learning", 2011.
"""

from pathlib import Path
from typing import Any, ClassVar

import torch

from tombola.data._base import Dataset, InMemory, Published, Splits, hold_out
from tombola.data._published import UNREADABLE, Origin, how_to_get, require
from tombola.data._resized import resized
from tombola.data._torchvision import ROOT
from tombola.errors import DataError
from tombola.spec import option


class Svhn(Dataset):
    """Street View House Numbers, cropped digits."""

    ARGUMENT: ClassVar[str | None] = "root"
    AUGMENT: ClassVar[str] = "shift"
    PUBLISHED: ClassVar[Published] = Published(classes=10, train=73_257, test=26_032)
    ORIGIN: ClassVar[Origin] = Origin(
        site="http://ufldl.stanford.edu/housenumbers/",
        files="train_32x32.mat and test_32x32.mat",
        layout="train_32x32.mat",
    )

    root: Path = option(ROOT, "the folder that holds train_32x32.mat", identity=False)
    download: bool = option(default=False, help="fetch it if it is not there", identity=False)
    val_fraction: float = option(0.1, "the share of the training images held out", gt=0, lt=1)
    seed: int = option(0, "which split", ge=0)
    size: int = option(32, "height and width in pixels", ge=8, le=1024)
    crop: float = option(1.0, "the share of the side that a test image keeps; 0.875 for 256 cut to 224", gt=0, le=1)

    def load(self) -> Splits:
        whole, test = self._read("train"), self._read("test")
        found = Published(len(torch.unique(whole.labels)), len(whole), len(test))
        require("svhn", self.PUBLISHED, found, f"in {self.root.expanduser()}", self.ORIGIN)
        train, val = hold_out(whole, self.val_fraction, self.seed)
        return resized(Splits(train, val, test), self.size, self.crop)

    def _read(self, split: str) -> InMemory:
        from torchvision.datasets import SVHN

        place = self.root.expanduser()
        try:
            part: Any = SVHN(str(place), split=split, download=self.download)
        except UNREADABLE as error:
            how = how_to_get("svhn", self.ORIGIN, place)
            raise DataError(f"svhn: not found under {place} ({error}); {how}") from None
        labels = torch.from_numpy(part.labels).long()
        return InMemory(torch.from_numpy(part.data).contiguous(), labels, tuple(map(str, range(10))))
