"""The bytes of a .ticket file: a safetensors file whose header starts in one fixed way and carries a seal.

The seal is the sha256 of the whole file with the seal's own 64 digits read as zeros. It stands at a fixed place, so it
is checked before anything of the file is interpreted: no damaged byte gets as far as the JSON reader.
"""

import hashlib
import json
import math
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tombola.errors import TicketError

FORMAT = "tombola-ticket"
VERSION = 2
"""The newest version that is read. What the first one could say is still written as the first one wrote it."""

MOST_HEADER = 2**22
MOST_DIMENSIONS = 16
MOST_DEPTH = 24
MOST_MARKS = 2**18
"""Commas and brackets in a header: what JSON costs to read goes with its values, not with its length."""

_PREFIX = f'{{"__metadata__":{{"format":"{FORMAT}","version":"'.encode()
_VERSION = re.compile(rb'([0-9]{1,6})",')
_SEAL_AT = 8 + len(_PREFIX) + len(f'{VERSION}","digest":"')
_DATA_AT = _SEAL_AT + 64
_ITEM_BYTES = {"F64": 8, "I64": 8, "F32": 4, "I32": 4, "F16": 2, "BF16": 2, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}


@dataclass(frozen=True)
class Entry:
    """One array of the file: its safetensors dtype, its shape and its bytes' place in the file."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int


@dataclass(frozen=True)
class Sealed:
    """A file whose seal held: its bytes, its metadata (every value text) and where its arrays are."""

    buffer: bytearray
    version: int
    metadata: Mapping[str, str]
    entries: Mapping[str, Entry]


Array = tuple[str, Sequence[int], "bytes | memoryview"]


def seal(metadata: Mapping[str, str], arrays: Mapping[str, Array], *, version: int = 1) -> list[bytes | memoryview]:
    """The pieces of the file to write one after the other; ``arrays`` is dtype, shape and bytes by name."""
    order = sorted(arrays, key=lambda name: (-_ITEM_BYTES[arrays[name][0]], name))  # wide types first: all stay aligned
    tensors: dict[str, Any] = {}
    position = 0
    for name in order:
        dtype, shape, data = arrays[name]
        tensors[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [position, position + len(data)]}
        position += len(data)
    fixed = {"format": FORMAT, "version": str(version), "digest": "0" * 64}
    header = _json({"__metadata__": {**fixed, **metadata}, **tensors})
    if len(header) > MOST_HEADER or sum(map(header.count, (b",", b"[", b"{"))) > MOST_MARKS:
        raise TicketError(
            f"the ticket's header would be {len(header):,} bytes; at most {MOST_HEADER:,},"
            f" and {MOST_MARKS:,} values, are allowed: shorten lineage.extra"
        )
    header += b" " * (-len(header) % 8)
    head = len(header).to_bytes(8, "little") + header
    pieces: list[bytes | memoryview] = [head, *(arrays[name][2] for name in order)]
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    pieces[0] = head[:_SEAL_AT] + digest.hexdigest().encode() + head[_DATA_AT:]
    return pieces


def unseal(path: Path) -> Sealed:
    """The file's contents once its seal held; every other file is one `TicketError` that says what it is."""
    buffer = _read(path)
    whole = memoryview(buffer)
    digest = hashlib.sha256(whole[:_SEAL_AT])
    digest.update(b"0" * 64)
    digest.update(whole[_DATA_AT:])
    if digest.hexdigest().encode() != buffer[_SEAL_AT:_DATA_AT]:
        raise TicketError(
            f"{path}: damaged: its bytes do not match its seal (changed or cut after it was written); get it again"
        )
    stop = 8 + int.from_bytes(buffer[:8], "little")
    header = parse_json(_text(whole[8:stop], path), f"{path}: the header")
    metadata, tensors = header.pop("__metadata__"), header
    if not all(isinstance(value, str) for value in metadata.values()):
        raise TicketError(f"{path}: the header's metadata is not text")
    version = int(buffer[8 + len(_PREFIX) : _SEAL_AT].partition(b'"')[0])
    return Sealed(buffer, version, metadata, _entries(tensors, stop, len(buffer), path))


def parse_json(text: str, what: str) -> dict[str, Any]:
    """A JSON object without doubled names, not deep, with whole and finite text and numbers."""
    if (marks := sum(map(text.count, ",[{"))) > MOST_MARKS:
        raise TicketError(f"{what} holds {marks:,} values, at most {MOST_MARKS:,}")
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
        raise TicketError(f"{what}: {str(value)[:60]} is not a shape")
    if math.prod(max(extent, 1) for extent in value) >= 2**48:
        raise TicketError(f"{what}: the shape {value} is too large")
    return tuple(value)


def _read(path: Path) -> bytearray:
    """All of the file, read once and only if it starts as a ticket of this version does."""
    try:
        info = path.stat()
        if not stat.S_ISREG(info.st_mode):
            kind = "a folder" if stat.S_ISDIR(info.st_mode) else "not a file"
            raise TicketError(f"{path}: is {kind}; give the .ticket file itself")
        with path.open("rb") as stream:
            start = stream.read(_DATA_AT)
            _check_start(start, info.st_size, path)
            buffer = bytearray(info.st_size)
            buffer[: len(start)] = start
            count = stream.readinto(memoryview(buffer)[len(start) :])
    except FileNotFoundError:
        raise TicketError(f"{path}: no such file") from None
    except OSError as error:
        raise TicketError(f"{path}: cannot be read ({error.strerror})") from None
    if len(start) + count != len(buffer):
        raise TicketError(f"{path}: changed while it was read; try again")
    return buffer


def _check_start(start: bytes, size: int, path: Path) -> None:
    if size == 0:
        raise TicketError(f"{path}: is empty")
    if start.startswith((b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"PK\x03\x04")):
        raise TicketError(
            f"{path}: is a pickle or zip archive (torch.save?), not a ticket; Tombola never loads pickles as tickets"
        )
    length = int.from_bytes(start[:8], "little")
    if not start[8:].startswith(_PREFIX):
        if start[8:9] == b"{" and length <= size - 8:
            raise TicketError(
                f"{path}: is a safetensors file but not a ticket as Tombola wrote it; weights load as path:FILE"
            )
        raise TicketError(f"{path}: is not a ticket (no {FORMAT!r} header)")
    version = _VERSION.match(start, 8 + len(_PREFIX))
    if version is None or int(version[1]) < 1:
        raise TicketError(f"{path}: damaged: the format version cannot be read")
    if int(version[1]) > VERSION:
        raise TicketError(
            f"{path}: has ticket format {int(version[1])}, written by a newer Tombola;"
            f" this one reads up to {VERSION}: upgrade"
        )
    if size < _DATA_AT or length > size - 8:
        raise TicketError(f"{path}: damaged: cut short at {size} bytes")
    if length > MOST_HEADER or 8 + length < _DATA_AT:
        raise TicketError(f"{path}: damaged: a header of {length:,} bytes (at most {MOST_HEADER:,})")


def _text(header: memoryview, path: Path) -> str:
    try:
        return str(header, "utf-8")
    except UnicodeDecodeError:
        raise TicketError(f"{path}: the header is not text") from None


def _entries(tensors: dict[str, Any], base: int, size: int, path: Path) -> dict[str, Entry]:
    """Where the arrays are, once they fill the rest of the file without a gap or an overlap."""
    found = {name: _entry(value, base, f"{path}: {name!r}") for name, value in tensors.items()}
    position = base
    for entry in sorted(found.values(), key=lambda entry: (entry.start, entry.stop)):
        if entry.start != position:
            raise TicketError(f"{path}: the arrays overlap or leave a gap at byte {position}")
        position = entry.stop
    if position != size:
        raise TicketError(f"{path}: the arrays end at byte {position}, the file at {size}")
    return found


def _entry(value: Any, base: int, what: str) -> Entry:
    if not isinstance(value, dict) or set(value) != {"dtype", "shape", "data_offsets"}:
        raise TicketError(f"{what} is not described as an array")
    dtype, offsets = value["dtype"], value["data_offsets"]
    shape = shape_of(value["shape"], what)
    if not isinstance(dtype, str) or dtype not in _ITEM_BYTES:
        raise TicketError(f"{what} has a dtype that tickets do not hold")
    if (
        not isinstance(offsets, list)
        or len(offsets) != 2
        or not all(type(n) is int and 0 <= n < 2**60 for n in offsets)
    ):
        raise TicketError(f"{what} has no place in the file")
    if offsets[1] - offsets[0] != math.prod(shape) * _ITEM_BYTES[dtype]:
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


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()
