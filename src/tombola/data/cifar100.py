"""CIFAR-100: 60,000 photographs of 32x32 in 100 classes, read through torchvision.

What: the published 50,000 training and 10,000 test images; validation is drawn by ``seed`` from the training images.
At another ``size`` than 32 they are enlarged when taken; test images lose their rim where ``crop`` is below 1.
When: ``root`` holds torchvision's folder ``cifar-100-python``, or ``download`` is asked for.
Cost: 180 MB in memory; a download of about 165 MB when asked for.
Options: ``root``, ``download``, ``val_fraction``, ``seed``, ``size``, ``crop``.
Reference: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
"""

from pathlib import Path
from typing import ClassVar

from tombola.data._base import Dataset, Published, Splits
from tombola.data._resized import resized
from tombola.data._torchvision import ROOT, load_cifar
from tombola.spec import option


class Cifar100(Dataset):
    """CIFAR-100."""

    AUGMENT: ClassVar[str] = "flip_shift"
    PUBLISHED: ClassVar[Published | None] = Published(classes=100, train=50_000, test=10_000)

    root: Path = option(ROOT, "the folder that holds cifar-100-python", identity=False)
    download: bool = option(default=False, help="fetch it if it is not there", identity=False)
    val_fraction: float = option(0.1, "the share of the training images held out", gt=0, lt=1)
    seed: int = option(0, "which split", ge=0)
    size: int = option(32, "height and width in pixels", absent=32, ge=8, le=1024)
    crop: float = option(
        1.0, "the share of the side that a test image keeps; 0.875 for 256 cut to 224", absent=1.0, gt=0, le=1
    )

    def load(self) -> Splits:
        splits = load_cifar(
            "CIFAR100",
            "cifar-100-python",
            self.root,
            download=self.download,
            val_fraction=self.val_fraction,
            seed=self.seed,
        )
        return resized(splits, self.size, self.crop)
