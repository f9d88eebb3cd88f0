"""Oxford-IIIT Pets: 7,349 photographs of 37 breeds of cats and dogs, read through torchvision.

What: the published 3,680 images of trainval, validation held out of them by ``seed``, against the 3,669 of test. Judged
by the mean of the classes' accuracies.
When: ``root`` holds torchvision's folder ``oxford-iiit-pet``, or ``download`` is asked for.
Cost: decoded once where a split fits ``in_memory_mb``, else whenever images are taken, in threads;
a download of 0.8 GB when asked for.
Options: ``root``, ``download``, ``size``, ``crop`` (of test images), ``val_fraction``, ``seed``, ``in_memory_mb``,
``workers``.
Reference: Parkhi et al., "Cats and Dogs", CVPR 2012.
"""

from pathlib import Path
from typing import ClassVar

from tombola.data._base import Published
from tombola.data._listed import Listed, from_readers
from tombola.data._published import Origin, PublishedSet


class Pets(PublishedSet):
    """Oxford-IIIT Pets."""

    PUBLISHED: ClassVar[Published] = Published(classes=37, train=3_680, test=3_669)
    JUDGED_BY: ClassVar[str] = "mean_class_accuracy"
    ORIGIN: ClassVar[Origin] = Origin(
        site="https://www.robots.ox.ac.uk/~vgg/data/pets/",
        files="images.tar.gz and annotations.tar.gz",
        layout="oxford-iiit-pet/images",
    )

    def listed(self, place: Path) -> Listed:
        from torchvision.datasets import OxfordIIITPet

        parts = [OxfordIIITPet(str(place), split=split, download=self.download) for split in ("trainval", "test")]
        return from_readers(parts[:-1], parts[-1], files="_images")
