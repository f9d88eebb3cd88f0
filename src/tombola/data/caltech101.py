"""Caltech-101: 8,677 photographs of 101 kinds of objects.

What: the first 30 files of each class, by name, to train on, validation held out of them by ``seed``, against the other
5,647; BACKGROUND_Google is no class. Judged by the mean of the classes' accuracies.
When: ``root`` holds torchvision's folder ``caltech101/101_ObjectCategories``, or ``download`` is asked for.
Cost: decoded once where a split fits ``in_memory_mb``, else whenever images are taken, in threads;
a download of 0.14 GB when asked for.
Options: ``root``, ``download``, ``size``, ``crop`` (of test images), ``val_fraction``, ``seed``, ``in_memory_mb``,
``workers``.
Reference: Li et al. 2004, doi 10.22002/D1.20086; the split is that of Salman et al., arXiv 2007.08489.
"""

from pathlib import Path
from typing import ClassVar, Final

from tombola.data._base import Published
from tombola.data._listed import Listed, by_class, first_of_each
from tombola.data._published import Origin, PublishedSet

BACKGROUND: Final = "BACKGROUND_Google"
FIRST: Final = 30  # images of a class that are trained on


class Caltech101(PublishedSet):
    """Caltech-101."""

    PUBLISHED: ClassVar[Published] = Published(classes=101, train=3_030, test=5_647)
    JUDGED_BY: ClassVar[str] = "mean_class_accuracy"
    ORIGIN: ClassVar[Origin] = Origin(
        site="https://data.caltech.edu/records/mzrjq-6wc02",
        files="caltech-101.zip (and 101_ObjectCategories.tar.gz in it)",
        layout="caltech101/101_ObjectCategories",
    )

    def listed(self, place: Path) -> Listed:
        if self.download:
            from torchvision.datasets import Caltech101 as Reader

            Reader(str(place), download=True)
        folders = by_class(place / "caltech101" / "101_ObjectCategories")
        return first_of_each({name: files for name, files in folders.items() if name != BACKGROUND}, FIRST)
