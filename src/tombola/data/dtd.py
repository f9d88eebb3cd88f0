"""DTD: 5,640 photographs of 47 textures in words (banded, bubbly, ...), read through torchvision.

What: the published split 1: the 3,760 images of train and val together, validation held out of them by ``seed``,
against the 1,880 of test.
When: ``root`` holds torchvision's folder ``dtd/dtd``, or ``download`` is asked for.
Cost: decoded once where a split fits ``in_memory_mb``, else whenever images are taken, in threads;
a download of 0.6 GB when asked for.
Options: ``root``, ``download``, ``size``, ``crop`` (of test images), ``val_fraction``, ``seed``, ``in_memory_mb``,
``workers``.
Reference: Cimpoi et al., "Describing Textures in the Wild", CVPR 2014.
"""

from pathlib import Path
from typing import ClassVar

from tombola.data._base import Published
from tombola.data._listed import Listed, from_readers
from tombola.data._published import Origin, PublishedSet


class Dtd(PublishedSet):
    """DTD."""

    PUBLISHED: ClassVar[Published] = Published(classes=47, train=3_760, test=1_880)
    JUDGED_BY: ClassVar[str] = "accuracy"
    ORIGIN: ClassVar[Origin] = Origin(
        site="https://www.robots.ox.ac.uk/~vgg/data/dtd/",
        files="dtd-r1.0.1.tar.gz",
        layout="dtd/dtd/images",
    )

    def listed(self, place: Path) -> Listed:
        from torchvision.datasets import DTD

        parts = [
            DTD(str(place), split=split, partition=1, download=self.download) for split in ("train", "val", "test")
        ]
        return from_readers(parts[:-1], parts[-1])
