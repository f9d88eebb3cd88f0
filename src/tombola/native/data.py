"""`Data`: the bytes of ``net.dat``: a head of 64 bytes, then tables, each at a multiple of 64.

The head: ``TOMBOLA\\0``, the format's version (4 bytes, little end first), zeros. ``net.c`` holds the sum of the whole.
"""

import hashlib
from typing import Any

import numpy as np

HEAD = 64
VERSION = 1
_PART = 1 << 20  # words that are summed at once


class Data:
    """Tables one behind the other; equal ones are kept once."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._found: dict[bytes, int] = {}
        self._size = HEAD

    def add(self, table: np.ndarray[Any, np.dtype[Any]]) -> int:
        """The table's offset in bytes."""
        raw = np.ascontiguousarray(table).astype(table.dtype.newbyteorder("<"), copy=False).tobytes()
        key = hashlib.sha256(raw).digest()
        if key not in self._found:
            self._found[key] = self._size
            padded = raw + bytes(-len(raw) % HEAD)
            self._parts.append(padded)
            self._size += len(padded)
        return self._found[key]

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self._size

    def file(self) -> bytes:
        """The whole file."""
        head = b"TOMBOLA\0" + VERSION.to_bytes(4, "little")
        return head.ljust(HEAD, b"\0") + b"".join(self._parts)


def sum_of(file: bytes) -> int:
    """The number that ``data_sum`` in `c/engine.h` finds for such a file; for accidents, not against an enemy.

    Each word is mixed with its place by steps that can be undone, so that a change of one word always changes the sum,
    one of several words or places all but once in 2^64; and words wait for no other, so it runs as fast as memory.
    """
    words, total = np.frombuffer(file, "<u8"), 0
    for start in range(0, len(words), _PART):
        part = words[start : start + _PART]
        place = np.arange(start + 1, start + 1 + len(part), dtype=np.uint64)
        mixed = part ^ (place * np.uint64(0x9E3779B97F4A7C15))
        mixed = (mixed ^ (mixed >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
        total += int((mixed ^ (mixed >> np.uint64(32))).sum(dtype=np.uint64))
    return total % 2**64
