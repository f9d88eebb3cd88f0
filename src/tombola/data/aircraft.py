"""FGVC-Aircraft: 10,000 photographs of 100 aircraft variants, read through torchvision.

What: the published 6,667 images of trainval, validation held out of them by ``seed``, against the 3,333 of test; the
classes are the variants. Judged by the mean of the classes' accuracies.
When: ``root`` holds torchvision's folder ``fgvc-aircraft-2013b``, or ``download`` is asked for.
Cost: decoded once where a split fits ``in_memory_mb``, else whenever images are taken, in threads;
a download of 2.6 GB when asked for.
Options: ``root``, ``download``, ``size``, ``crop`` (of test images), ``val_fraction``, ``seed``, ``in_memory_mb``,
``workers``.
Reference: Maji et al., "Fine-Grained Visual Classification of Aircraft", arXiv 1306.5151.
"""

from pathlib import Path
from typing import ClassVar

from tombola.data._base import Published
from tombola.data._listed import Listed, from_readers
from tombola.data._published import Origin, PublishedSet


class Aircraft(PublishedSet):
    """FGVC-Aircraft."""

    PUBLISHED: ClassVar[Published] = Published(classes=100, train=6_667, test=3_333)
    JUDGED_BY: ClassVar[str] = "mean_class_accuracy"
    ORIGIN: ClassVar[Origin] = Origin(
        site="https://www.robots.ox.ac.uk/~vgg/data/fgvc-aircraft/",
        files="fgvc-aircraft-2013b.tar.gz",
        layout="fgvc-aircraft-2013b/data/images",
    )

    def listed(self, place: Path) -> Listed:
        from torchvision.datasets import FGVCAircraft

        parts = [FGVCAircraft(str(place), split=split, download=self.download) for split in ("trainval", "test")]
        return from_readers(parts[:-1], parts[-1])
