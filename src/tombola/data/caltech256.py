"""Caltech-256: 30,607 photographs of 256 kinds of objects and of clutter.

What: the first 60 files of each of the 257 classes, by name, clutter among them, to train on, validation held out of
them by ``seed``, against the other 15,187. Files in folders below a class's are none of its images. Judged by the mean
of the classes' accuracies.
When: ``root`` holds torchvision's folder ``caltech256/256_ObjectCategories``, or ``download`` is asked for.
Cost: decoded once where a split fits ``in_memory_mb``, else whenever images are taken, in threads;
a download of 1.2 GB when asked for.
Options: ``root``, ``download``, ``size``, ``crop`` (of test images), ``val_fraction``, ``seed``, ``in_memory_mb``,
``workers``.
Reference: Griffin et al. 2007, doi 10.22002/D1.20087; the split is that of Salman et al., arXiv 2007.08489.
"""

from pathlib import Path
from typing import ClassVar, Final

from tombola.data._base import Published
from tombola.data._listed import Listed, by_class, first_of_each
from tombola.data._published import Origin, PublishedSet

FIRST: Final = 60  # images of a class that are trained on


class Caltech256(PublishedSet):
    """Caltech-256."""

    PUBLISHED: ClassVar[Published] = Published(classes=257, train=15_420, test=15_187)
    JUDGED_BY: ClassVar[str] = "mean_class_accuracy"
    ORIGIN: ClassVar[Origin] = Origin(
        site="https://data.caltech.edu/records/nyy15-4j048",
        files="256_ObjectCategories.tar",
        layout="caltech256/256_ObjectCategories",
    )

    def listed(self, place: Path) -> Listed:
        if self.download:
            from torchvision.datasets import Caltech256 as Reader

            Reader(str(place), download=True)
        return first_of_each(by_class(place / "caltech256" / "256_ObjectCategories"), FIRST)
