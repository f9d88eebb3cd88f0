"""`Data`: the bytes of ``net.dat``: a head of 64 bytes, then tables, each at a multiple of 64.

The head: ``TOMBOLA\\0``, the format's version (4 bytes, little end first), 4 bytes of zeros, 16 bytes that name this
net and stand in ``net.c`` too, 32 bytes of zeros.
"""

import hashlib
from typing import Any

import numpy as np

HEAD = 64
VERSION = 1


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

    def digest(self) -> bytes:
        """The 16 bytes that name this net."""
        whole = hashlib.sha256()
        for part in self._parts:
            whole.update(part)
        return whole.digest()[:16]

    def file(self) -> bytes:
        """The whole file."""
        head = b"TOMBOLA\0" + VERSION.to_bytes(4, "little") + bytes(4) + self.digest()
        return head.ljust(HEAD, b"\0") + b"".join(self._parts)
