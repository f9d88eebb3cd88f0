"""Food-101: 101,000 photographs of 101 dishes, read through torchvision.

What: the published 75,750 training images, whose labels were not cleaned, validation held out of them by ``seed``,
against the 25,250 of test.
When: ``root`` holds torchvision's folder ``food-101``, or ``download`` is asked for.
Cost: decoded once where a split fits ``in_memory_mb``, else whenever images are taken, in threads;
a download of 5 GB when asked for.
Options: ``root``, ``download``, ``size``, ``crop`` (of test images), ``val_fraction``, ``seed``, ``in_memory_mb``,
``workers``.
Reference: Bossard et al., "Food-101: Mining Discriminative Components with Random Forests", ECCV 2014.
"""

from pathlib import Path
from typing import ClassVar

from tombola.data._base import Published
from tombola.data._listed import Listed, from_readers
from tombola.data._published import Origin, PublishedSet


class Food101(PublishedSet):
    """Food-101."""

    PUBLISHED: ClassVar[Published] = Published(classes=101, train=75_750, test=25_250)
    JUDGED_BY: ClassVar[str] = "accuracy"
    ORIGIN: ClassVar[Origin] = Origin(
        site="https://data.vision.ee.ethz.ch/cvl/datasets_extra/food-101/",
        files="food-101.tar.gz",
        layout="food-101/images",
    )

    def listed(self, place: Path) -> Listed:
        from torchvision.datasets import Food101

        parts = [Food101(str(place), split=split, download=self.download) for split in ("train", "test")]
        return from_readers(parts[:-1], parts[-1])
