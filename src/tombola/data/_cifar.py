"""What CIFAR-10 and CIFAR-100 are alike: options, and how torchvision's files are read."""

from abc import abstractmethod
from pathlib import Path
from typing import ClassVar

from tombola.data._base import Dataset, Splits
from tombola.data._resized import resized
from tombola.data._torchvision import ROOT, load_cifar
from tombola.spec import option


class Cifar(Dataset):
    """Small photographs; validation is drawn from the training images."""

    AUGMENT: ClassVar[str] = "flip_shift"

    root: Path = option(ROOT, "the folder that holds torchvision's own", identity=False)
    download: bool = option(default=False, help="fetch it if it is not there", identity=False)
    val_fraction: float = option(0.1, "the share of the training images held out", gt=0, lt=1)
    seed: int = option(0, "which split", ge=0)
    size: int = option(32, "height and width in pixels", absent=32, ge=8, le=1024)
    crop: float = option(
        1.0, "the share of the side that a test image keeps; 0.875 for 256 cut to 224", absent=1.0, gt=0, le=1
    )

    @property
    @abstractmethod
    def kind(self) -> tuple[str, str]:
        """What torchvision calls it, and its folder."""

    def load(self) -> Splits:
        called, folder = self.kind
        splits = load_cifar(
            called, folder, self.root, download=self.download, val_fraction=self.val_fraction, seed=self.seed
        )
        return resized(splits, self.size, self.crop)
