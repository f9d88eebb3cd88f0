"""Disks that are full, read-only or gone: one `StoreError` that says so, in place of whatever the disk raised."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from tombola.disks import is_full, is_trouble, reason, remedy
from tombola.errors import DiskError, StoreError


@contextmanager
def explained(root: Path) -> Iterator[None]:
    """Inside, trouble with a path in ``root``, or with a disk as such, is a `StoreError`; other errors stay."""
    try:
        yield
    except (OSError, SafetensorError, DiskError) as error:
        cause = error.__cause__ if isinstance(error, DiskError) else error
        if not isinstance(cause, OSError | SafetensorError) or not is_trouble(cause) or not _concerns(root, cause):
            raise
        raise StoreError(
            f"the store {root} cannot be written: {reason(cause)}; {remedy(cause)}."
            " What is finished is whole, and the same command continues"
        ) from cause


def _concerns(root: Path, error: OSError | SafetensorError) -> bool:
    if is_full(error) or isinstance(error, SafetensorError) or error.filename is None:
        return True
    path, place = Path(os.fsdecode(error.filename)).absolute(), root.absolute()
    return path.is_relative_to(place) or place.is_relative_to(path)
