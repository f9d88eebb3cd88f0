"""Flowers-102: 8,189 photographs of 102 kinds of flowers, read through torchvision.

What: the published 2,040 images of train and val together, validation held out of them by ``seed``, against the
6,149 of test. Judged by the mean of the classes' accuracies.
When: ``root`` holds torchvision's folder ``flowers-102``, or ``download`` is asked for.
Cost: decoded once where a split fits ``in_memory_mb``, else whenever images are taken, in threads;
a download of 0.35 GB when asked for.
Options: ``root``, ``download``, ``size``, ``crop`` (of test images), ``val_fraction``, ``seed``, ``in_memory_mb``,
``workers``.
Reference: Nilsback and Zisserman, "Automated Flower Classification over a Large Number of Classes", ICVGIP 2008.
"""

from pathlib import Path
from typing import ClassVar

from tombola.data._base import Published
from tombola.data._listed import Listed, from_readers
from tombola.data._published import Origin, PublishedSet


class Flowers102(PublishedSet):
    """Flowers-102."""

    PUBLISHED: ClassVar[Published] = Published(classes=102, train=2_040, test=6_149)
    JUDGED_BY: ClassVar[str] = "mean_class_accuracy"
    ORIGIN: ClassVar[Origin] = Origin(
        site="https://www.robots.ox.ac.uk/~vgg/data/flowers/102/",
        files="102flowers.tgz, imagelabels.mat and setid.mat",
        layout="flowers-102/jpg",
    )

    def listed(self, place: Path) -> Listed:
        from torchvision.datasets import Flowers102

        parts = [Flowers102(str(place), split=split, download=self.download) for split in ("train", "val", "test")]
        return from_readers(parts[:-1], parts[-1])
