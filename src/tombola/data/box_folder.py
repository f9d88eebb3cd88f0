"""Box folder: one's own images with one table of their boxes, a CSV or a JSON.

What: reads ``FOLDER`` of images with one ``.csv`` (``file,left,top,right,bottom,class`` and a line a box; ``filename``,
``xmin`` and so on will do, and a line with a file alone is an image without boxes) or one ``.json`` (a list of
``{"file": ..., "boxes": [{"class": ..., "left": ...}]}``, or COCO's images, annotations and categories, crowds left
out). Where it has folders ``train`` and ``test`` (or ``val``, ``valid``), each with its table, those are the splits;
else test and validation are drawn once by ``seed``. Edges are pixels of the files as they are.
When: boxes drawn by a tool for labelling; write ``detection:box_folder:FOLDER``.
Cost: decoded once into memory, three bytes a pixel of ``height`` x ``width``.
Options: ``path``; ``height`` and ``width``, in which images are made to fit with their aspect kept, black beside them;
``val_fraction``, ``test_fraction``, ``seed``.
Reference: Tombola's own.
"""

from pathlib import Path
from typing import Self, final

from tombola.data._box_files import BoxFiles, Lists, splits_in
from tombola.data._box_tables import CSV_FORM, read_table
from tombola.data._examples import box_table
from tombola.errors import DataError


@final
class BoxFolder(BoxFiles):
    """Images with a table of boxes."""

    @classmethod
    def examples(cls, folder: Path) -> list[Self]:
        return [cls(path=box_table(folder), height=16, width=16)]

    def lists(self, folder: Path) -> Lists:
        tables = {split: _table(place) for split, place in splits_in(folder).items()}
        found = {split: read_table(table, table.parent) for split, table in tables.items()}
        named = list(dict.fromkeys(name for _, classes in found.values() for name in classes or ()))
        listed = {split: images for split, (images, _) in found.items()}
        return Lists(listed, tuple(tables.values()), tuple(named) or None)


def _table(folder: Path) -> Path:
    found = sorted(file for file in folder.iterdir() if file.suffix.lower() in (".csv", ".json"))
    if len(found) != 1:
        seen = ", ".join(file.name for file in found[:5]) or "none"
        raise DataError(f"box_folder: {folder}: expected one .csv ({CSV_FORM}) or .json; found {seen}")
    return found[0]
