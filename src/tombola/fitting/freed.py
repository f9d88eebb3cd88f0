"""Memory that a training frees stays with its process.

A step of training frees what it allocates, and the next one asks for as much again. glibc gives blocks above 32 MB, and
what is free at the end of its heap, back to the system at once, which has to zero every page of it anew: of a step of
an EfficientNet-Lite0 with 128 images of 96 pixels that was a quarter. No result changes; the process keeps its peak.
"""

import ctypes
import os
import sys
from typing import Final

_TRIM_THRESHOLD: Final = (-1, -1)
"""M_TRIM_THRESHOLD: with -1 the end of the heap is never given back."""
_MMAP_MAX: Final = (-4, 0)
"""M_MMAP_MAX: with 0 large blocks come from the heap too."""


def keep_freed() -> bool:
    """Make this process keep what it frees, from now on; whether it does.

    Nothing is done where the C library is another one, or the environment says how its allocator shall be
    (``MALLOC_...``, ``GLIBC_TUNABLES``).
    """
    if sys.platform != "linux" or any(name.startswith(("MALLOC_", "GLIBC_TUNABLES")) for name in os.environ):
        return False
    library = ctypes.CDLL(None)
    if not hasattr(library, "gnu_get_libc_version"):  # musl has no such settings
        return False
    return all(library.mallopt(*setting) == 1 for setting in (_MMAP_MAX, _TRIM_THRESHOLD))
