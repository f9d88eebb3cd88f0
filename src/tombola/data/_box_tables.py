"""Boxes written in one table: a CSV with a line a box, a JSON with an entry an image, or a JSON as COCO has it."""

import csv
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tombola.data._box_files import Listed
from tombola.errors import DataError

_COLUMNS: Final = {
    "file": ("file", "filename", "image"),
    "class": ("class", "label", "name"),
    "left": ("left", "xmin", "x1"),
    "top": ("top", "ymin", "y1"),
    "right": ("right", "xmax", "x2"),
    "bottom": ("bottom", "ymax", "y2"),
}
_EDGES: Final = ("left", "top", "right", "bottom")
CSV_FORM: Final = "file,left,top,right,bottom,class"
JSON_FORM: Final = '[{"file": "a.jpg", "boxes": [{"class": "cat", "left": 1, "top": 2, "right": 30, "bottom": 40}]}]'


def read_table(path: Path, images: Path) -> tuple[list[Listed], tuple[str, ...] | None]:
    """The images of a table, which lie in ``images``, and the classes where it lists them; raises `DataError`."""
    try:
        if path.suffix.lower() == ".csv":
            return _of_csv(path, images), None
        value = json.loads(path.read_text(encoding="utf-8-sig"))
        if isinstance(value, Mapping) and "annotations" in value:
            return of_coco(value, images)
        return _of_json(value, images), None
    except (OSError, UnicodeDecodeError, csv.Error, json.JSONDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}") from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        form = CSV_FORM if path.suffix.lower() == ".csv" else f"{JSON_FORM}, or as COCO has it"
        raise DataError(f"{path}: {_said(error)}; expected {form}") from None


def of_coco(value: Mapping[str, Any], images: Path) -> tuple[list[Listed], tuple[str, ...]]:
    """Of COCO's ``images``, ``annotations`` and ``categories``; crowds are left out, an edge is its corner and side."""
    categories = sorted(value["categories"], key=lambda one: int(one["id"]))
    names = {one["id"]: str(one["name"]) for one in categories}
    files = {one["id"]: str(one["file_name"]) for one in value["images"]}
    _require_known(value["annotations"], files, names)
    boxes: dict[Any, list[tuple[str, float, float, float, float]]] = defaultdict(list)
    for one in value["annotations"]:
        if one.get("iscrowd"):
            continue
        left, top, wide, high = map(float, one["bbox"])
        boxes[one["image_id"]].append((names[one["category_id"]], left, top, left + wide, top + high))
    listed = [Listed(images / file, tuple(boxes[number])) for number, file in files.items()]
    return listed, tuple(dict.fromkeys(names.values()))


def _require_known(
    annotations: Sequence[Mapping[str, Any]], files: Mapping[Any, str], names: Mapping[Any, str]
) -> None:
    """Raise ValueError for boxes of an image or a category that is not listed: they would vanish."""
    if lost := [one["image_id"] for one in annotations if one["image_id"] not in files]:
        ids = ", ".join(repr(number) for number in list(files)[:3])
        raise ValueError(
            f"{len(lost)} of {len(annotations)} annotations are of image ids that images has not, such as {lost[0]!r}"
            f" (there are {ids}, ...)"
        )
    if strange := [one for one in annotations if one["category_id"] not in names]:
        there = ", ".join(f"{number} {name}" for number, name in names.items())
        first = strange[0]
        raise ValueError(
            f"{files[first['image_id']]} has a box of category {first['category_id']!r}; categories are {there}"
        )


def _of_csv(path: Path, images: Path) -> list[Listed]:
    """A line a box; one with a file alone is an image without boxes."""
    found: dict[str, list[tuple[str, float, float, float, float]]] = {}
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        columns = {name: _column(name, reader.fieldnames or ()) for name in _COLUMNS}
        for row in reader:
            told = {name: (row[column] or "").strip() for name, column in columns.items()}
            own = found.setdefault(told["file"], [])
            if any(edges := [told[edge] for edge in _EDGES]):
                if not all(told.values()):
                    empty = ", ".join(name for name, value in told.items() if not value)
                    raise ValueError(f"line {reader.line_num} has a box without {empty}")
                left, top, right, bottom = map(float, edges)
                own.append((told["class"], left, top, right, bottom))
    return [Listed(images / file, tuple(boxes)) for file, boxes in found.items()]


def _column(name: str, there: Sequence[str]) -> str:
    found = next((column for column in there if column.strip().lower() in _COLUMNS[name]), None)
    if found is None:
        raise ValueError(f"no column {name} (there are {', '.join(there) or 'none'})")
    return found


def _of_json(value: Any, images: Path) -> list[Listed]:
    if not isinstance(value, list):
        raise TypeError("no list of images")
    return [Listed(images / str(one["file"]), tuple(map(_box, one["boxes"]))) for one in value]


def _box(one: Mapping[str, Any]) -> tuple[str, float, float, float, float]:
    left, top, right, bottom = (float(one[edge]) for edge in _EDGES)
    return str(one["class"]), left, top, right, bottom


def _said(error: Exception) -> str:
    return f"no {error}" if isinstance(error, KeyError) else str(error)
