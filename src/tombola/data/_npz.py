"""The arrays of an ``.npz`` file: never a pickle, and never more of them than this machine can hold."""

import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np

from tombola.errors import DataError

Array: TypeAlias = np.ndarray[Any, Any]
_BROKEN: Final = (
    OSError, ValueError, EOFError, KeyError, AttributeError, NotImplementedError, MemoryError, OverflowError,
    SyntaxError, RuntimeError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


def read_arrays(path: Path, kind: str) -> Mapping[str, Array]:
    """The arrays by name; raises a `DataError` about a ``kind`` of set for a file that is none, or far too large."""
    try:
        with path.open("rb") as stream:
            file = np.load(stream, allow_pickle=False)
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise DataError(f"{kind}: {path} is not a .npz, which holds several arrays by name")
            require_room(sum(_bytes_in(file)), f"{kind}: {path}: its arrays")
            return {name: file[name] for name in file.files}
    except DataError:
        raise
    except _BROKEN as error:
        raise DataError(f"{kind}: {path} cannot be read ({error}); copy or download it again") from None


def _bytes_in(file: np.lib.npyio.NpzFile) -> Iterator[int]:
    """What each array takes, as the archive states and then holds to."""
    assert file.zip is not None
    yield from (item.file_size for item in file.zip.infolist())


def require_room(needed: int, what: str) -> None:
    """Raise `DataError` where so many bytes are more than half of the memory of this machine."""
    most = memory() // 2
    if needed > most:
        raise DataError(
            f"{what} take {needed / 1e9:,.1f} GB once decoded, more than half of this machine's memory"
            f" ({most / 1e9:,.1f} GB); give a smaller size, as in size=64, or fewer images"
        )


def memory() -> int:
    """The bytes of memory this machine has; 64 GB where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 64 * 10**9
