"""What identifies files: digests of their bytes, remembered while their sizes and times stay as they are."""

import hashlib
import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from tombola.spec import Json

READ_AT_MOST = 1 << 30  # bytes of a set that are read to identify it


def files_identity(root: Path, files: Sequence[Path]) -> dict[str, Json]:
    """The identity of files below ``root``, equal for a copy: names, sizes and, up to a gigabyte, contents."""
    names = names_below(root, files)
    stats = [file.stat() for file in files]
    looks = hashlib.sha256(str(root).encode(errors="surrogateescape"))
    for name, stat in zip(names, stats, strict=True):
        looks.update(f"{name}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode(errors="surrogateescape"))
    known = _known(looks.hexdigest())
    if not known:
        known.update(_identity(names, files, [stat.st_size for stat in stats]))
    return dict(known)


def names_below(root: Path, files: Sequence[Path]) -> list[str]:
    """The names of files from ``root`` on, with slashes."""
    start = len(str(root / "x")) - 1
    return [str(file)[start:].replace(os.sep, "/") for file in files]


def _identity(names: Sequence[str], files: Sequence[Path], sizes: Sequence[int]) -> dict[str, Json]:
    contents = sum(sizes) <= READ_AT_MOST
    found = hashlib.sha256()
    for name, file, size in zip(names, files, sizes, strict=True):
        digest = hashlib.sha256(file.read_bytes()).hexdigest() if contents else ""
        found.update(f"{name}\0{size}\0{digest}\n".encode(errors="surrogateescape"))
    return {"files": len(files), "of": "contents" if contents else "sizes", "sha256": found.hexdigest()}


@lru_cache(maxsize=16)
def _known(looks: str) -> dict[str, Json]:
    """What is remembered of files that look like this: their names, sizes and times."""
    del looks  # the cache's key
    return {}
