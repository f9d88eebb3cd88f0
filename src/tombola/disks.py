"""Files and folders written whole or not at all, and what a disk that refuses them is told as.

`written` and `written_folder` give a name beside the wanted one; it takes the wanted one's place when the block ends,
and is gone where the block fails: nobody ever sees half of anything, and what was there before stays.
"""

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from safetensors import SafetensorError

from tombola.errors import DiskError, RequestError

_FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_CLOSED: Final = {errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR}
_TROUBLE: Final = _FULL | _CLOSED | {errno.EIO}


@contextmanager
def written(path: Path) -> Iterator[Path]:
    """A file's name to write to, with the suffix of ``path``, which it replaces once the block is done."""
    beside = _beside(path)
    try:
        with told(path):
            yield beside
            sync(beside)
            beside.replace(path)
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


@contextmanager
def written_folder(path: Path) -> Iterator[Path]:
    """A new folder to write into; what is in it is ``path``'s, an empty folder or nothing yet, once all is done."""
    inside = path.is_dir()  # it stays: it may be where the command is run, or where a disk is mounted
    beside = path / f".{secrets.token_hex(6)}" if inside else _beside(path)
    try:
        with told(path):
            beside.mkdir(parents=True)
            yield beside
            for file in beside.rglob("*"):
                sync(file)
            if not inside:
                beside.replace(path)
            else:
                for item in sorted(beside.iterdir()):
                    item.replace(path / item.name)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Inside, a disk that is full, closed or broken is a `DiskError` that names ``path``; other errors stay."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        if not is_trouble(error):
            raise
        raise DiskError(f"{path}: cannot be written: {reason(error)}; {remedy(error)}") from error


def require_writable(folder: Path) -> None:
    """Raise `RequestError` where nothing can be written into a folder, or it cannot be made: asked before the work."""
    there = next((path for path in (folder, *folder.absolute().parents) if path.exists()), folder)
    if not os.access(there, os.W_OK | os.X_OK):
        raise RequestError(f"the folder {there} cannot be written to; choose another place")


def is_trouble(error: Exception) -> bool:
    """Whether an error is the disk's and not the program's."""
    return _number(error) in _TROUBLE


def is_full(error: Exception) -> bool:
    """Whether it says that there is no room left."""
    return _number(error) in _FULL


def reason(error: Exception) -> str:
    """What the disk said, in its system's words."""
    return os.strerror(_number(error))


def remedy(error: Exception) -> str:
    """What to do about it."""
    return "free some space or choose another place" if is_full(error) else "choose another place"


def sync(path: Path) -> None:
    """Have a file or folder reach the disk; some file systems cannot for folders, which is no reason to fail."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EBADF):
            raise
    finally:
        os.close(handle)


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.stem[:150]}.{secrets.token_hex(6)}{path.suffix[:40]}")


def _number(error: Exception) -> int:
    """The system's number of an error; safetensors gives it as text alone: ``I/O error: ... (os error 28)``."""
    if isinstance(error, OSError):
        return error.errno or 0
    number = str(error).partition("(os error ")[2].partition(")")[0]
    return int(number) if number.isdigit() else 0
