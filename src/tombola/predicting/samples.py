"""What stands on a command line as samples: images, folders of them, tables and lines of texts."""

import errno
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from tombola.choices import Failed
from tombola.data._image_files import SUFFIXES, images_below
from tombola.data._text_files import TABLES, records, text_of
from tombola.data._tokens import Written
from tombola.errors import DataError, RequestError

Content: TypeAlias = Path | bytes | Written
STDIN: Final = "-"
_TEXTS: Final = (*TABLES, ".txt")


@dataclass(frozen=True)
class Sample:
    """What is asked about: an image's file or its bytes, or a text."""

    name: str
    content: Content


@dataclass(frozen=True)
class Columns:
    """The columns of a table that hold the text and, of pairs, the second one."""

    text: str = "text"
    second: str = "text2"


def images_of(files: Iterable[str], where: str) -> Iterator[Sample | Failed]:
    """The images that are named, and those in and below folders; a table of texts is refused."""
    for name in files:
        path = Path(name)
        if path.suffix.lower() in _TEXTS or name == STDIN:
            raise RequestError(f"{where} reads images, and {name} holds texts; give images or a folder of them")
        if not path.is_dir():
            yield Sample(name, path) if path.exists() else Failed(name, "there is no such file")
        elif found := images_below(path):
            yield from (Sample(str(file), file) for file in found)
        else:
            yield Failed(name, "the folder holds no images")


def texts_of(files: Iterable[str], where: str, columns: Columns) -> Iterator[Sample | Failed]:
    """The rows of tables, the lines of ``.txt``, each ``.txt`` below a folder; a text itself, where it has a space."""
    for name in files:
        if not name.strip():
            yield Failed(name, "the text is empty")
            continue
        path = Path(name)
        if path.suffix.lower() in SUFFIXES:
            raise RequestError(f"{where} reads texts, and {name} is an image; give a FILE.csv, FILE.txt or a text")
        try:
            yield from _texts(name, path, columns)
        except (DataError, OSError) as error:
            yield Failed(name, str(error))


def _texts(name: str, path: Path, columns: Columns) -> Iterator[Sample | Failed]:
    if name == STDIN:
        yield from _lines(name, sys.stdin.read())
    elif any(map(str.isspace, name)) and _too_long(path):
        yield Sample(name, Written(name))
    elif path.is_dir():
        found = sorted(path.rglob("*.txt"))
        yield from (_text(str(file), text_of(file)) for file in found)
        if not found:
            yield Failed(name, "the folder holds no .txt files")
    elif path.suffix.lower() in TABLES:
        yield from _rows(path, columns)
    elif path.is_file():
        yield from _lines(name, text_of(path))
    elif any(map(str.isspace, name)):
        yield Sample(name, Written(name))
    else:
        yield Failed(name, "there is no such file")


def _too_long(path: Path) -> bool:
    """Whether no file can be called so."""
    try:
        path.stat()
    except OSError as error:
        return error.errno == errno.ENAMETOOLONG
    return False


def _lines(name: str, text: str) -> Iterator[Sample | Failed]:
    lines = enumerate(text.split("\n"), 1)
    yield from (_text(f"{name}:{number}", line) for number, line in lines if line.strip())


def _rows(path: Path, columns: Columns) -> Iterator[Sample | Failed]:
    for line, row in records(path):
        if columns.text not in row:
            names = ", ".join(map(repr, row)) or "none"
            raise DataError(f"no column {columns.text!r} (there are: {names}); write --text NAME")
        yield _text(f"{path}:{line}", row[columns.text], row.get(columns.second))


def _text(name: str, text: object, second: object = None) -> Sample | Failed:
    if not isinstance(text, str) or not text.strip():
        return Failed(name, "the text is empty")
    return Sample(name, Written(text.strip(), second if isinstance(second, str) else None))
