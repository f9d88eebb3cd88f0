"""Tables of texts as they lie in files: UTF-8, a row a text; what cannot be read is said with its line."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Protocol

from tombola.errors import DataError

TABLES: Final = (".csv", ".tsv", ".jsonl")
_LINE: Final = 1 << 20


class Readable(Protocol):
    """A file of a folder, or one inside a zip."""

    def read_bytes(self) -> bytes: ...


def text_of(file: Readable) -> str:
    """What a file says; a mark at its beginning and the ends of lines as Windows has them go.

    Raises `DataError` for bytes that are no UTF-8, with the line they are in.
    """
    data = file.read_bytes()
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise DataError(
            f"{file}: line {line} is no UTF-8 (byte 0x{data[error.start]:02x}); save the file as UTF-8, for example"
            " with iconv -f latin1 -t utf-8"
        ) from None


def columns_of(file: Readable) -> list[list[str]]:
    """Rows of a file whose columns stand between tabs, quotes being signs as others: GLUE's way."""
    return [line.split("\t") for line in text_of(file).split("\n") if line.strip()]


def records(file: Path) -> Iterator[tuple[int, Mapping[str, object]]]:
    """The rows of a table by the names of its columns, each with its line's number."""
    if file.suffix.lower() == ".jsonl":
        yield from _objects(file)
        return
    csv.field_size_limit(_LINE)
    reader = csv.DictReader(io.StringIO(text_of(file)), delimiter="\t" if file.suffix.lower() == ".tsv" else ",")
    try:
        for row in reader:
            yield reader.line_num, {str(name): value for name, value in row.items()}
    except csv.Error as error:
        raise DataError(f"{file}: line {reader.line_num}: {error}") from None


def _objects(file: Path) -> Iterator[tuple[int, Mapping[str, object]]]:
    for number, line in enumerate(text_of(file).split("\n"), 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except ValueError as error:
            raise DataError(f"{file}: line {number} is no JSON ({error})") from None
        if not isinstance(found, dict):
            raise DataError(f'{file}: line {number} is no JSON object; write {{"text": ..., "label": ...}}')
        yield number, found
