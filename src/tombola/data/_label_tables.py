"""Labels of images in a table beside them: which file is which class, and which split where a column says so."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final
from unicodedata import normalize

from tombola.data._files import names_below
from tombola.data._image_files import files_below, is_image
from tombola.data._text_files import TABLES, records
from tombola.data._tree import SPLITS, Tree, why_left
from tombola.errors import DataError, near

FILES: Final = ("file", "file_name", "filename", "image", "image_path", "path", "filepath", "name", "id", "image_id")
LABELS: Final = ("label", "class", "category", "target", "class_name", "label_name", "species", "breed", "y")
_SPLIT: Final = ("split", "set", "subset", "fold")


@dataclass(frozen=True)
class Columns:
    """Which column holds what; ``split`` is empty where none does."""

    file: str
    label: str
    split: str = ""


def tables_in(root: Path) -> list[str]:
    """The names of the tables directly in a folder."""
    return sorted(path.name for path in root.iterdir() if path.suffix.lower() in TABLES and path.is_file())


def labelled_tree(root: Path, table: str, asked: Columns) -> Tree:
    """The images below ``root`` by the class that the table says; ``left`` are those that it does not, and why.

    A row names a file by its path from ``root``, from the table's folder, by its name alone, or without its ending.
    """
    place = root / table
    rows = list(_rows(place))
    columns = columns_of(place, list(rows[0][1]) if rows else [], asked)
    every = sorted(files_below(root))
    images, left = [path for path in every if is_image(path)], dict[Path, str]()
    left.update({path: why_left(path, "") for path in every if path != place and not is_image(path)})
    known, found = _by_names(root, images), dict[Path, tuple[str, str]]()
    for line, row in rows:
        said = str(row.get(columns.file) or "").strip()
        file = _meant(said, known, place.parent.relative_to(root).as_posix())
        if isinstance(file, str):
            left[place / f"line {line}: {said}"] = f"{file} in {table}" if said else "no file named"
            continue
        label, split = _text(row, columns.label), _text(row, columns.split).lower()
        if not label:
            left[file] = f"no {columns.label} in {table}"
        elif split and split not in SPLITS:
            left[file] = f"{columns.split} {split!r}, which is none of {', '.join(SPLITS)}"
        elif found.setdefault(file, (SPLITS.get(split, "all"), label)) != (SPLITS.get(split, "all"), label):
            left[file] = f"several labels in {table}"
    for file in left:
        found.pop(file, None)
    left.update({file: f"not in {table}" for file in images if file not in found and file not in left})
    return Tree(_splits(found, place), (), left)


def columns_of(table: Path, there: Sequence[str], asked: Columns) -> Columns:
    """The columns meant: those asked for, else by their usual names, else the only one left; raises `DataError`."""
    file = _column(table, "file", asked.file, FILES, there)
    rest = [name for name in there if name != file]
    split = next((name for name in rest if name.lower() in _SPLIT), "")
    label = _column(table, "label", asked.label, LABELS, [name for name in rest if name != split])
    return Columns(file, label, split if split != label else "")


def _column(table: Path, what: str, asked: str, usual: Sequence[str], there: Sequence[str]) -> str:
    if asked:
        if asked not in there:
            raise DataError(f"{table}: no column {asked!r}{near(asked, list(there))} (there are: {_listed(there)})")
        return asked
    named = [name for word in usual for name in there if name.strip().lower() == word]
    if not named and len(there) != 1:
        raise DataError(f"{table}: which column holds the {what}? There are: {_listed(there)}; write {what}=NAME")
    return named[0] if named else there[0]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def _rows(place: Path) -> Iterator[tuple[int, Mapping[str, object]]]:
    if not place.is_file():
        others = tables_in(place.parent) if place.parent.is_dir() else []
        raise DataError(
            f"labels: there is no {place}{near(place.name, others)}; write the name of a table in the folder"
        )
    if place.suffix.lower() not in TABLES:
        raise DataError(f"labels: {place.name} is no table; write one of {', '.join(TABLES)}")
    yield from records(place)


def _text(row: Mapping[str, object], column: str) -> str:
    value = row.get(column)
    return "" if value is None else normalize("NFC", str(value).strip())


def _by_names(root: Path, images: Sequence[Path]) -> dict[str, Path | None]:
    """Each image by its path, its name and its name without ending; None where several are called so."""
    found: dict[str, Path | None] = {}
    paths = {normalize("NFC", name): path for name, path in zip(names_below(root, images), images, strict=True)}
    for name, path in paths.items():
        posix = PurePosixPath(name)
        for short in {posix.name, posix.stem, posix.with_suffix("").as_posix()} - {name}:
            found[short] = None if found.get(short, path) != path else path
    return {**found, **paths}


def _meant(said: str, known: Mapping[str, Path | None], beside: str) -> Path | str:
    """The image that a row names, or why there is none."""
    name = normalize("NFC", said.replace("\\", "/")).removeprefix("./")
    for spelled in (name, f"{beside}/{name}", PurePosixPath(name).name):
        if spelled in known:
            return known[spelled] or "several files are called as one"
    return "no such file, named"


def _splits(found: Mapping[Path, tuple[str, str]], place: Path) -> Mapping[str, Mapping[str, tuple[Path, ...]]]:
    """By split and class, both in order; a set without any split is ``all``."""
    named = {split for split, _ in found.values()} - {"all"}
    if not found:
        raise DataError(f"{place}: names no image that is there, with a label")
    if named and "train" not in named:
        raise DataError(f"{place}: no image is of the split train, and some are of {', '.join(sorted(named))}")
    parts: dict[str, dict[str, list[Path]]] = {}
    for file in sorted(found):
        split, label = found[file]
        parts.setdefault("train" if named and split == "all" else split, {}).setdefault(label, []).append(file)
    known = set(parts["train" if named else "all"])
    for split, classes in parts.items():
        if unknown := sorted(set(classes) - known):
            raise DataError(f"{place}: classes of the split {split} without training images: {', '.join(unknown)}")
    return {split: {name: tuple(classes[name]) for name in sorted(classes)} for split, classes in parts.items()}
