"""Birdsnap: 40,848 photographs of 500 North American birds, as Salman et al. had them.

What: the folders ``train`` (32,677 images, validation held out of them by ``seed``) and ``test`` (8,171). Birdsnap is a
list of addresses of 49,829 photographs; these are the images, and the split, of the transfer studies.
When: ``root`` holds ``birdsnap/train/SPECIES`` and ``birdsnap/test/SPECIES``; nothing can fetch it.
Cost: decoded once where a split fits ``in_memory_mb``, else whenever images are taken, in threads.
Options: ``root``, ``download``, ``size``, ``crop`` (of test images), ``val_fraction``, ``seed``, ``in_memory_mb``,
``workers``.
Reference: Berg et al., CVPR 2014; the split is that of Salman et al., arXiv 2007.08489.
"""

from pathlib import Path
from typing import ClassVar

from tombola.data._base import Published
from tombola.data._listed import Listed, below, from_folders
from tombola.data._published import Origin, PublishedSet


class Birdsnap(PublishedSet):
    """Birdsnap."""

    PUBLISHED: ClassVar[Published] = Published(classes=500, train=32_677, test=8_171)
    JUDGED_BY: ClassVar[str] = "accuracy"
    ORIGIN: ClassVar[Origin] = Origin(
        site="https://thomasberg.org/",
        files="birdsnap.tgz and the images that its script fetches",
        layout="birdsnap/train",
        undownloadable="its images lie on other people's sites",
        note="Many of Birdsnap's addresses are dead, so what can be fetched today is another, smaller set",
    )

    def listed(self, place: Path) -> Listed:
        here = below(place, "birdsnap")
        return from_folders(here / "train", here / "test")
