"""COCO boxes: a folder in the layout of COCO, one JSON a split.

What: reads ``FOLDER`` with ``annotations/instances_train*.json`` and ``annotations/instances_val*.json`` and images in
folders of the same ends, such as ``train2017`` and ``val2017``. The published ``val`` is the test split, validation
comes out of train. Classes are the categories in the order of their numbers; crowds are left out, of the truth too,
where COCO's own evaluation neither counts nor punishes what is told there.
When: COCO, or a set that was exported in its layout; write ``detection:coco_boxes:FOLDER``. One JSON beside its images
is read by ``box_folder``.
Cost: decoded once into memory, three bytes a pixel of ``height`` x ``width``: all of COCO at 256 takes 24 GB.
Options: ``path``; ``height`` and ``width``, in which images are made to fit with their aspect kept, black beside them;
``val_fraction``, ``seed``.
Reference: Lin et al. (Microsoft COCO), ECCV 2014.
"""

from pathlib import Path
from typing import Self, final

from tombola.data._box_files import BoxFiles, Lists
from tombola.data._box_tables import read_table
from tombola.data._examples import coco_tree
from tombola.errors import DataError


@final
class CocoBoxes(BoxFiles):
    """Images with COCO's JSON."""

    @classmethod
    def examples(cls, folder: Path) -> list[Self]:
        return [cls(path=coco_tree(folder), height=16, width=16)]

    def lists(self, folder: Path) -> Lists:
        files = {
            split: _one(folder, f"instances_{name}*.json") for split, name in (("train", "train"), ("test", "val"))
        }
        found = {
            split: read_table(file, folder / file.stem.removeprefix("instances_")) for split, file in files.items()
        }
        classes = {split: names for split, (_, names) in found.items()}
        if classes["train"] != classes["test"]:
            raise DataError(f"coco_boxes: {folder}: train and val have different categories: {classes}")
        return Lists({split: images for split, (images, _) in found.items()}, tuple(files.values()), classes["train"])


def _one(folder: Path, pattern: str) -> Path:
    found = sorted((folder / "annotations").glob(pattern))
    if len(found) != 1:
        seen = ", ".join(file.name for file in found) or "none"
        raise DataError(f"coco_boxes: {folder}: expected one annotations/{pattern}; found {seen}")
    return found[0]
