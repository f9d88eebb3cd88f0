"""Stanford Cars: 16,185 photographs of 196 models of cars.

What: the published 8,144 training images, validation held out of them by ``seed``, against the 8,041 of test.
When: ``root`` holds ``stanford_cars`` with either ``train/MODEL`` and ``test/MODEL``, or what torchvision reads:
``devkit``, ``cars_train``, ``cars_test`` and ``cars_test_annos_withlabels.mat``. Its own site no longer has it.
Cost: decoded once where a split fits ``in_memory_mb``, else whenever images are taken, in threads.
Options: ``root``, ``download``, ``size``, ``crop`` (of test images), ``val_fraction``, ``seed``, ``in_memory_mb``,
``workers``.
Reference: Krause et al., "3D Object Representations for Fine-Grained Categorization", 3dRR 2013.
"""

from pathlib import Path
from typing import Any, ClassVar

from tombola.data._base import Published
from tombola.data._listed import Listed, below, from_folders
from tombola.data._published import Origin, PublishedSet


class Cars(PublishedSet):
    """Stanford Cars."""

    PUBLISHED: ClassVar[Published] = Published(classes=196, train=8_144, test=8_041)
    JUDGED_BY: ClassVar[str] = "accuracy"
    ORIGIN: ClassVar[Origin] = Origin(
        site="a copy (https://github.com/pytorch/vision/issues/7545 names some)",
        files="cars_train, cars_test, devkit and cars_test_annos_withlabels.mat, or train/MODEL and test/MODEL",
        layout="stanford_cars",
        undownloadable="https://ai.stanford.edu/~jkrause/cars/car_dataset.html is gone since 2023",
    )

    def listed(self, place: Path) -> Listed:
        here = below(place, "stanford_cars")
        if (here / "train").is_dir():
            return from_folders(here / "train", here / "test")
        train, test = (_read(here, split) for split in ("train", "test"))
        return Listed(tuple(test.classes), _pairs(train), _pairs(test))


def _read(here: Path, split: str) -> Any:
    """Torchvision's reader, which looks for a folder of this name and no other."""
    from scipy.io.matlab import MatReadError
    from torchvision.datasets import StanfordCars

    if here.name != "stanford_cars":
        raise FileNotFoundError(f"{here} has neither train nor stanford_cars")
    try:
        return StanfordCars(str(here.parent), split=split)
    except MatReadError as error:
        raise ValueError(f"a broken .mat file: {error}") from None


def _pairs(part: Any) -> list[tuple[Path, int]]:
    return [(Path(file), int(label)) for file, label in vars(part)["_samples"]]
