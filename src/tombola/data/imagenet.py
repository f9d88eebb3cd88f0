"""ImageNet: the 1,331,167 labelled photographs of ILSVRC-2012 in 1,000 classes.

What: ``train``, of which ``val_fraction`` are held out by ``seed``, and the 50,000 of ``val`` as the test split (the
labels of the real one are not public). Classes are WordNet ids in their order, which is that of pretrained heads.
When: ``root`` holds ``imagenet/train/WNID`` and ``imagenet/val/WNID``, or is that folder.
Cost: names are listed first, 1.3 million; images are decoded whenever they are taken, in threads.
Options: ``root``, ``download``, ``size``, ``crop`` (of test images), ``val_fraction``, ``seed``, ``in_memory_mb``,
``workers``.
Reference: Russakovsky et al., "ImageNet Large Scale Visual Recognition Challenge", IJCV 2015.
"""

from pathlib import Path
from typing import ClassVar

from tombola.data._base import Published
from tombola.data._listed import Listed, below, from_folders
from tombola.data._published import Origin, PublishedSet


class Imagenet(PublishedSet):
    """ImageNet."""

    PUBLISHED: ClassVar[Published] = Published(classes=1_000, train=1_281_167, test=50_000)
    JUDGED_BY: ClassVar[str] = "accuracy"
    ORIGIN: ClassVar[Origin] = Origin(
        site="https://image-net.org/download-images.php (it asks for an account)",
        files="ILSVRC2012_img_train.tar and ILSVRC2012_img_val.tar",
        layout="imagenet/train/n01440764",
        undownloadable="it is given to account holders only",
        note="The images of val come in one heap: sort them into val/WNID (torchvision.datasets.ImageNet does so)",
    )

    def listed(self, place: Path) -> Listed:
        here = below(place, "imagenet")
        return from_folders(here / "train", here / "val")
