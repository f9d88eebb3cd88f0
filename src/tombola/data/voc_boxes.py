"""VOC boxes: a folder in the layout of PASCAL VOC, an XML an image.

What: reads ``FOLDER`` with ``JPEGImages`` and ``Annotations`` (one ``.xml`` an image: ``object`` with ``name`` and
``bndbox``), such as ``VOCdevkit/VOC2007``. Lists of names in ``ImageSets/Main`` are the splits: ``train``, ``val`` and
``test``, or ``trainval`` and ``test``; with ``train`` and ``val`` alone ``val`` is the test split. Without any list
test and validation are drawn once by ``seed``; a list alone is refused. Boxes marked difficult are left out; edges
count from 1, as VOC's do.
When: VOC itself, or a set labelled with a tool that writes its XML; write ``detection:voc_boxes:FOLDER``.
Cost: decoded once into memory, three bytes a pixel of ``height`` x ``width``: 16,551 images at 256 take 3.3 GB.
Options: ``path``; ``height`` and ``width``, in which images are made to fit with their aspect kept, black beside them;
``val_fraction``, ``test_fraction``, ``seed``.
Reference: Everingham et al., IJCV 2010.
"""

from pathlib import Path
from typing import Self, final

from tombola.data._box_files import BoxFiles, Lists
from tombola.data._examples import voc_tree
from tombola.data._voc import names_in, read_image
from tombola.errors import DataError


@final
class VocBoxes(BoxFiles):
    """Images with an XML of boxes each."""

    @classmethod
    def examples(cls, folder: Path) -> list[Self]:
        return [cls(path=voc_tree(folder), height=16, width=16)]

    def lists(self, folder: Path) -> Lists:
        if not (folder / "Annotations").is_dir() or not (folder / "JPEGImages").is_dir():
            raise DataError(f"voc_boxes: {folder} has no Annotations with JPEGImages beside; name the folder that does")
        images = {file.stem: file for file in sorted((folder / "JPEGImages").iterdir())}
        found = {
            split: [read_image(folder, name, images) for name in names] for split, names in _splits(folder).items()
        }
        written = (folder / "Annotations" / f"{one.image.stem}.xml" for split in found.values() for one in split)
        return Lists(found, tuple(dict.fromkeys(written)))


def _splits(folder: Path) -> dict[str, list[str]]:
    """The names of each split's images."""
    main = folder / "ImageSets" / "Main"
    lists = {name: names_in(main / f"{name}.txt") for name in ("train", "val", "trainval", "test")}
    there = {name: names for name, names in lists.items() if names}
    if "test" in there and "train" not in there and "trainval" in there:
        return {"train": there["trainval"], "test": there["test"]}
    if "train" in there and "test" in there:
        return {name: there[name] for name in ("train", "val", "test") if name in there}
    if "train" in there and "val" in there:
        return {"train": there["train"], "test": there["val"]}
    if there:
        found = " and ".join(f"{name}.txt" for name in there)
        raise DataError(
            f"voc_boxes: {main} has {found} and no list to judge on; write train.txt (or trainval.txt) and test.txt,"
            " or remove the lists, and a part of all images is held out"
        )
    return {"all": sorted(file.stem for file in (folder / "Annotations").glob("*.xml"))}
