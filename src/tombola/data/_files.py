"""What identifies files: digests of their bytes, remembered while a file's size and time stay as they are."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from tombola.spec import Json, file_digest

READ_AT_MOST = 1 << 30  # bytes of a set that are read to identify it


def files_identity(root: Path, files: Sequence[Path]) -> dict[str, Json]:
    """The identity of files below ``root``, equal for a copy: names, sizes and, up to a gigabyte, contents."""
    sizes = [file.stat().st_size for file in files]
    contents = sum(sizes) <= READ_AT_MOST
    found = hashlib.sha256()
    for file, size in zip(files, sizes, strict=True):
        digest = file_digest(file) if contents else ""
        found.update(f"{file.relative_to(root).as_posix()}\0{size}\0{digest}\n".encode(errors="surrogateescape"))
    return {"files": len(files), "of": "contents" if contents else "sizes", "sha256": found.hexdigest()}
