"""What a ticket's header says: its metadata and where its arrays are, every claim checked before anything follows it.

Nothing here costs more than a few times the header, whatever stands in it.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tombola.errors import TicketError

MOST_DIMENSIONS = 16
MOST_DEPTH = 24
MOST_MARKS = 2**18
"""Commas and brackets in a header: what JSON costs to read goes with its values, not with its length."""

ITEM_BYTES = {"F64": 8, "I64": 8, "F32": 4, "I32": 4, "F16": 2, "BF16": 2, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}


@dataclass(frozen=True)
class Entry:
    """One array of the file: its safetensors dtype, its shape and its bytes' place in the file."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int


@dataclass(frozen=True)
class Header:
    """A header that holds together: its metadata (every value text), where the arrays are, the file's size."""

    metadata: Mapping[str, str]
    entries: Mapping[str, Entry]
    file_bytes: int

    @property
    def version(self) -> int:
        """The version of the format that the file says."""
        return int(self.metadata["version"])


def header_of(text: bytes | memoryview, file_bytes: int, what: str) -> Header:
    """The header of a file of so many bytes; ``what`` names it in the `TicketError` of one that is none."""
    tensors = parse_json(_ascii(text, what), f"{what}: the header")
    metadata = tensors.pop("__metadata__")
    if not all(isinstance(value, str) for value in metadata.values()):
        raise TicketError(f"{what}: the header's metadata is not text")
    return Header(metadata, _entries(tensors, 8 + len(text), file_bytes, what), file_bytes)


def parse_json(text: str, what: str, *, most: int = MOST_MARKS) -> dict[str, Any]:
    """A JSON object without doubled names, not deep, with whole and finite text and numbers."""
    if not text.isascii():  # other letters are written as \\uXXXX: one of them makes Python's text four times as large
        raise TicketError(f"{what} holds letters that a ticket spells as \\uXXXX")
    if (marks := sum(map(text.count, ",[{"))) > most:
        raise TicketError(f"{what} holds {marks:,} values, at most {most:,}")
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
        _check_depth(value, MOST_DEPTH)
    except (ValueError, RecursionError) as error:
        raise TicketError(f"{what} is not the JSON of a ticket ({str(error)[:80]})") from None
    if not isinstance(value, dict):
        raise TicketError(f"{what} is not a JSON object")
    return value


def shape_of(value: object, what: str) -> tuple[int, ...]:
    """A shape from JSON, small enough to multiply."""
    if (
        not isinstance(value, list)
        or len(value) > MOST_DIMENSIONS
        or not all(type(n) is int and 0 <= n < 2**40 for n in value)
    ):
        raise TicketError(f"{what}: {str(value)[:60]} is not a shape of at most {MOST_DIMENSIONS} dimensions")
    if math.prod(max(extent, 1) for extent in value) >= 2**48:
        raise TicketError(f"{what}: the shape {value} is too large")
    return tuple(value)


def _ascii(text: bytes | memoryview, what: str) -> str:
    try:
        return str(text, "ascii")
    except UnicodeDecodeError:
        raise TicketError(f"{what}: the header is not text in ASCII, as tickets spell it") from None


def _entries(tensors: dict[str, Any], base: int, size: int, what: str) -> dict[str, Entry]:
    """Where the arrays are, once they fill the rest of the file without a gap or an overlap."""
    found = {name: _entry(value, base, f"{what}: {name[:80]!r}") for name, value in tensors.items()}
    position = base
    for entry in sorted(found.values(), key=lambda entry: (entry.start, entry.stop)):
        if entry.start != position:
            raise TicketError(f"{what}: the arrays overlap or leave a gap at byte {position}")
        position = entry.stop
    if position != size:
        raise TicketError(f"{what}: the arrays end at byte {position}, the file at {size}")
    return found


def _entry(value: Any, base: int, what: str) -> Entry:
    if not isinstance(value, dict) or set(value) != {"dtype", "shape", "data_offsets"}:
        raise TicketError(f"{what} is not described as an array")
    dtype, offsets = value["dtype"], value["data_offsets"]
    shape = shape_of(value["shape"], what)
    if not isinstance(dtype, str) or dtype not in ITEM_BYTES:
        raise TicketError(f"{what} has a dtype that tickets do not hold")
    if (
        not isinstance(offsets, list)
        or len(offsets) != 2
        or not all(type(n) is int and 0 <= n < 2**60 for n in offsets)
    ):
        raise TicketError(f"{what} has no place in the file")
    if offsets[1] - offsets[0] != math.prod(shape) * ITEM_BYTES[dtype]:
        raise TicketError(f"{what}: its shape and its bytes disagree")
    return Entry(dtype, shape, base + offsets[0], base + offsets[1])


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_constant(text: str) -> None:
    raise ValueError(f"{text} is not JSON")


def _check_depth(value: object, left: int) -> None:
    if left == 0:
        raise ValueError("nested too deeply")
    if isinstance(value, str):
        value.encode()  # a lone surrogate could not be printed
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a number is infinite")
    elif isinstance(value, dict):
        for name, item in value.items():
            name.encode()
            _check_depth(item, left - 1)
    elif isinstance(value, list):
        for item in value:
            _check_depth(item, left - 1)
