"""`alone`: benches of one user wait for each other on a machine; times of two at once would be those of neither."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from tombola.fitting.session import Reporter


@contextmanager
def alone(reporter: Reporter, lock: Path | None = None) -> Iterator[None]:
    """While no other bench of this user runs here; who has to wait is told so. Nothing but benches waits."""
    turn = FileLock(lock or Path(tempfile.gettempdir()) / f"tombola-bench-{os.getuid()}.lock")
    try:
        turn.acquire(timeout=0)
    except Timeout:
        reporter.note("waits until another bench on this machine is done, as times are taken one at a time")
        turn.acquire()
    try:
        yield
    finally:
        turn.release()
