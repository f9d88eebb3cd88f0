"""Disks that are full, read-only or gone: one `StoreError` that says so, in place of whatever the disk raised."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from safetensors import SafetensorError

from tombola.errors import StoreError

_FULL: Final = {errno.ENOSPC, errno.EDQUOT}
_UNUSABLE: Final = _FULL | {errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EIO}


@contextmanager
def explained(root: Path) -> Iterator[None]:
    """Inside, trouble with a path in ``root``, or with a disk as such, is a `StoreError`; other errors stay."""
    try:
        yield
    except OSError as error:
        if error.errno not in _UNUSABLE or not _concerns(root, error):
            raise
        raise _unwritable(root, error.strerror or str(error)) from error
    except SafetensorError as error:
        if "os error" not in str(error).lower():
            raise
        raise _unwritable(root, str(error)) from error


def _unwritable(root: Path, reason: str) -> StoreError:
    return StoreError(
        f"the store {root} cannot be written: {reason}; free some space or choose another place."
        " What is finished is whole, and the same command continues"
    )


def _concerns(root: Path, error: OSError) -> bool:
    if error.errno in _FULL or error.filename is None:
        return True
    path, place = Path(os.fsdecode(error.filename)).absolute(), root.absolute()
    return path.is_relative_to(place) or place.is_relative_to(path)
