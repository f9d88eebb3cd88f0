"""Tables of texts as they lie in files: UTF-8, a row a text; what cannot be read is said with its line."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Protocol

from tombola.errors import DataError

TABLES: Final = (".csv", ".tsv", ".jsonl", ".parquet")
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
    """The rows of a table by the names of its columns, each with its line's number, or of Parquet its row's."""
    suffix = file.suffix.lower()
    if suffix in _OTHERS:
        yield from _OTHERS[suffix](file)
        return
    csv.field_size_limit(_LINE)
    text = text_of(file)
    reader = csv.DictReader(io.StringIO(text), delimiter="\t" if suffix == ".tsv" else _mark(text))
    try:
        for row in reader:
            if None in row:
                raise DataError(
                    f"{file}: line {reader.line_num} has more columns than the first line has names; put a text that"
                    " holds the mark between columns in quotes"
                )
            yield reader.line_num, {str(name): value for name, value in row.items()}
    except csv.Error as error:
        raise DataError(f"{file}: line {reader.line_num}: {error}") from None


def _mark(text: str) -> str:
    """What stands between columns: a comma, or a semicolon or tab where the first line has one and no comma."""
    first = text.partition("\n")[0]
    return next((mark for mark in ",;\t" if mark in first), ",")


def _parquet(file: Path) -> Iterator[tuple[int, Mapping[str, object]]]:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        raise DataError(
            f"{file}: Parquet needs pyarrow, not installed here; type: pip install pyarrow, or save the table as CSV"
        ) from None
    try:
        batches = parquet.ParquetFile(file).iter_batches()
        yield from enumerate((row for batch in batches for row in batch.to_pylist()), 1)
    except (ArrowException, OSError) as error:
        raise DataError(f"{file}: no Parquet that can be read ({str(error)[:120]})") from None


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


_OTHERS: Final = {".jsonl": _objects, ".parquet": _parquet}
