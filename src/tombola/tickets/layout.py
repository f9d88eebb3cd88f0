"""The bytes of a .ticket file: a safetensors file whose header starts in one fixed way and carries a seal.

The seal is the sha256 of the whole file with the seal's own 64 digits read as zeros. It stands at a fixed place, so it
is checked before anything of the file is interpreted: no damaged byte gets as far as the JSON reader.
"""

import hashlib
import json
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tombola.errors import TicketError
from tombola.tickets.header import ITEM_BYTES, MOST_MARKS, Header, header_of

FORMAT = "tombola-ticket"
VERSION = 2
"""The newest version that is read. What the first one could say is still written as the first one wrote it."""

MOST_HEADER = 2**22
_PREFIX = f'{{"__metadata__":{{"format":"{FORMAT}","version":"'.encode()
_VERSION = re.compile(rb'([0-9]{1,6})",')
_SEAL_AT = 8 + len(_PREFIX) + len(f'{VERSION}","digest":"')
_DATA_AT = _SEAL_AT + 64


@dataclass(frozen=True)
class Sealed:
    """A file whose seal held: its bytes and what its header says."""

    buffer: bytearray
    header: Header


Array = tuple[str, Sequence[int], "bytes | memoryview"]


def seal(metadata: Mapping[str, str], arrays: Mapping[str, Array], *, version: int = 1) -> list[bytes | memoryview]:
    """The pieces of the file to write one after the other; ``arrays`` is dtype, shape and bytes by name."""
    order = sorted(arrays, key=lambda name: (-ITEM_BYTES[arrays[name][0]], name))  # wide types first: all stay aligned
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
    return Sealed(buffer, header_of(whole[8:stop], len(buffer), str(path)))


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
    length = int.from_bytes(start[:8], "little")
    if not start[8:].startswith(_PREFIX):  # asked first: a ticket's length may begin as a pickle or a zip archive does
        raise TicketError(f"{path}: {_other(start, length, size)}")
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


def _other(start: bytes, length: int, size: int) -> str:
    """What a file is that does not begin as a ticket; its own header decides before any other program's magic."""
    if start[8:9] == b"{" and length <= size - 8:
        return "is a safetensors file but not a ticket as Tombola wrote it; weights load as path:FILE"
    if start.startswith((b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"PK\x03\x04")):
        return "is a pickle or zip archive (torch.save?), not a ticket; Tombola never loads pickles as tickets"
    return f"is not a ticket (no {FORMAT!r} header)"


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()
