"""SUN397: 39,700 photographs of 397 kinds of scenes, in the first of its published partitions.

What: the 19,850 images that ``Training_01.txt`` names, 50 a class, validation held out of them by ``seed``, against the
19,850 of ``Testing_01.txt``.
When: ``root`` holds ``SUN397`` with either ``train/SCENE`` and ``test/SCENE``, or the images
(``a/abbey/sun_1.jpg``) with the two text files in it, in ``SUN397/Partitions`` or beside it. Its own site no longer has
it.
Cost: decoded once where a split fits ``in_memory_mb``, else whenever images are taken, in threads.
Options: ``root``, ``download``, ``size``, ``crop`` (of test images), ``val_fraction``, ``seed``, ``in_memory_mb``,
``workers``.
Reference: Xiao et al., "SUN Database: Large-scale Scene Recognition from Abbey to Zoo", CVPR 2010.
"""

from pathlib import Path
from typing import ClassVar

from tombola.data._base import Published
from tombola.data._listed import Listed, below, from_folders
from tombola.data._published import Origin, PublishedSet


class Sun397(PublishedSet):
    """SUN397."""

    PUBLISHED: ClassVar[Published] = Published(classes=397, train=19_850, test=19_850)
    JUDGED_BY: ClassVar[str] = "accuracy"
    ORIGIN: ClassVar[Origin] = Origin(
        site="a copy (https://github.com/pytorch/vision/issues/9348 follows where it can be had)",
        files="SUN397.tar.gz and Partitions.zip",
        layout="SUN397/Training_01.txt",
        undownloadable="https://vision.princeton.edu/projects/2010/SUN/ no longer has it",
    )

    def listed(self, place: Path) -> Listed:
        here = below(place, "SUN397")
        if (here / "train").is_dir():
            return from_folders(here / "train", here / "test")
        train, test = (_named(here, f"{split}_01.txt") for split in ("Training", "Testing"))
        classes = sorted({_scene(name) for name in train + test})
        number = {scene: label for label, scene in enumerate(classes)}
        pairs = [[(here / name, number[_scene(name)]) for name in names] for names in (train, test)]
        return Listed(tuple(classes), pairs[0], pairs[1])


def _named(here: Path, file: str) -> list[str]:
    """The images that a text file names, below ``here``; it lies in it, in its Partitions or beside it."""
    for folder in (here, here / "Partitions", here.parent, here.parent / "Partitions"):
        if (folder / file).is_file():
            lines = (folder / file).read_text(encoding="utf-8").splitlines()
            return [line.strip().lstrip("/") for line in lines if line.strip()]
    raise FileNotFoundError(f"no {file} in {here}, in its folder Partitions or beside it")


def _scene(name: str) -> str:
    """``apartment_building/outdoor`` of ``a/apartment_building/outdoor/sun_1.jpg``."""
    return "/".join(name.split("/")[1:-1])
