"""PASCAL VOC's files: lists of names, and an XML of boxes an image."""

from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

from tombola.data._box_files import Listed
from tombola.errors import DataError


def names_in(file: Path) -> list[str]:
    """The first word of each line."""
    if not file.is_file():
        return []
    return [line.split()[0] for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


def read_image(folder: Path, name: str, images: Mapping[str, Path]) -> Listed:
    """An image and its boxes, edges counted from 0; those marked difficult are left out."""
    file = folder / "Annotations" / f"{name}.xml"
    if name not in images:
        raise DataError(f"{folder}: there is no image {name} in JPEGImages")
    try:
        root = ET.parse(file).getroot()
        boxes = [_box(one) for one in root.iter("object") if (one.findtext("difficult") or "0").strip() != "1"]
    except (OSError, ET.ParseError, ValueError, TypeError) as error:
        raise DataError(f"{file}: {error}; expected object with name and bndbox of four numbers") from None
    return Listed(images[name], tuple(boxes))


def _box(one: ET.Element) -> tuple[str, float, float, float, float]:
    label = one.findtext("name")
    texts = [one.findtext(f"bndbox/{edge}") for edge in ("xmin", "ymin", "xmax", "ymax")]
    if not label or None in texts:
        raise ValueError("an object without a name or an edge")
    left, top, right, bottom = (float(text or "") for text in texts)
    return label.strip(), left - 1, top - 1, right, bottom
