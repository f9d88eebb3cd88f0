"""What every command that works on files shares: where it writes, where it keeps checkpoints, how it reports."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tombola.cli.progress import reporter
from tombola.disks import require_writable, told
from tombola.errors import RequestError
from tombola.fitting.session import Session
from tombola.spec import Spec, key


def fresh_file(out: str, *, overwrite: bool) -> Path:
    """``out`` as a path that can be written; refuses an existing file unless told, and a missing folder."""
    path = Path(out)
    if path.is_dir():
        raise RequestError(f"{out} is a folder; write a file name, as in -o {path / 'name'}")
    if path.exists() and not overwrite:
        raise RequestError(f"{out} exists; choose another name or add --overwrite")
    if not path.parent.is_dir():
        raise RequestError(f"the folder {path.parent} does not exist; make it first: mkdir -p {path.parent}")
    require_writable(path.parent)
    return path


def session(folder: Path | None, device: str) -> Session:
    """A session that shows progress on stderr."""
    return Session(folder=folder, device=device, reporter=reporter())


@contextmanager
def checkpoints(path: Path, *request: Spec | int) -> Iterator[Path]:
    """A folder beside ``path`` for training checkpoints, removed once the block is done and kept when it is not.

    Its name carries the key of the request, so only the same command continues from it.
    """
    identity = [part if isinstance(part, int) else part.identity() for part in request]
    folder = path.with_name(f".{path.name}.{key('verb', 1, list(identity))[:12]}")
    with told(folder):
        folder.mkdir(exist_ok=True)
    try:
        yield folder
    finally:
        if path.exists() or not any(folder.iterdir()):
            shutil.rmtree(folder, ignore_errors=True)
