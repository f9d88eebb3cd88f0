"""`Store`: a folder of finished stages by key, that a kill at any moment leaves whole.

stages/ab/abcd.../        a finished stage: its outputs and manifest.json; it appears by one rename
work/abcd.../checkpoints  an unfinished one: what its training continues from
work/abcd.../out          and its outputs so far, begun anew each time
work/abcd....lock         held while a process works on it, and given back by the kernel when that process dies
"""

import errno
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from filelock import FileLock, Timeout
from safetensors import SafetensorError

from tombola.errors import StoreError
from tombola.fitting.session import Session
from tombola.study.manifest import NAME, Manifest, content, names

if TYPE_CHECKING:  # listing a store needs no torch
    from tombola.study.stages import Stage

_POLL: Final = 0.1
_UNUSABLE: Final = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EIO}


@dataclass(frozen=True)
class Freed:
    """What `Store.gc` removed, or would remove."""

    stages: int
    unfinished: int
    bytes: int


class Store:
    """A folder of finished stages. It is made when first written to."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._known: set[str] = set()

    def __repr__(self) -> str:
        return f"Store({str(self.root)!r})"

    def folder(self, key: str) -> Path:
        """Where the outputs of a finished stage are."""
        return self.root / "stages" / key[:2] / key

    def has(self, key: str) -> bool:
        """Whether a stage is finished: its manifest is there and its files have the sizes it says."""
        if key not in self._known and _whole(self.folder(key), key):
            self._known.add(key)
        return key in self._known

    def state(self, key: str) -> Literal["done", "running", "begun", "waiting"]:
        """Finished, being worked on by some process, left unfinished, or not begun."""
        if self.has(key):
            return "done"
        if not self._work(key).exists():
            return "waiting"
        lock = self._lock(key)
        if not Path(lock.lock_file).exists():
            return "begun"
        try:
            with lock.acquire(timeout=0):
                return "begun"
        except (Timeout, OSError):
            return "running"

    def make(self, stage: "Stage", session: Session) -> Literal["made", "cached"]:
        """Run a stage unless it is finished; its inputs must be. Two processes run it once: the second waits.

        A disk that is full or cannot be written is a `StoreError`; the store stays whole whatever happens.
        """
        if self.has(stage.key):
            return "cached"
        with self._explained(), self._locked(stage, session):
            if self.has(stage.key):
                return "cached"
            self._run(stage, session)
        return "made"

    def manifests(self) -> Iterator[Manifest]:
        """Of every finished stage, oldest first."""
        found = [manifest for folder in self._folders() if (manifest := Manifest.read(folder)) is not None]
        yield from sorted(found, key=lambda manifest: (manifest.finished, manifest.key))

    def verify(self) -> list[str]:
        """One sentence for each finished stage that is damaged; digests are computed anew."""
        self.require_readable()
        return [f"{folder}: {problem}" for folder in self._folders() if (problem := _damage(folder))]

    def gc(self, keep: Iterable[str] | None = None, *, dry: bool = False) -> Freed:
        """Remove unfinished work nobody is at, and finished stages not in ``keep`` (None keeps all)."""
        self.require_readable()
        kept = None if keep is None else set(keep)
        stale = [] if kept is None else [folder for folder in self._folders() if folder.name not in kept]
        begun = sorted({path.name.removesuffix(".lock") for path in _listed(self.root / "work")})
        begun = [key for key in begun if self.state(key) != "running"]
        freed = Freed(len(stale), len(begun), sum(_size(folder) for folder in [*stale, *map(self._work, begun)]))
        if not dry:
            with self._explained():
                for folder in stale:
                    self._discard(folder)
                for key in begun:
                    self._forget(key)
        return freed

    def require_readable(self) -> None:
        """Raise `StoreError` unless there is a store, or nothing yet, at its place."""
        if self.root.exists() and not self.root.is_dir():
            raise StoreError(f"the store {self.root} is not a folder; choose another place for it")

    def fail(self, key: str, report: str) -> Path:
        """Keep the report of a failure beside the unfinished work; where it is."""
        path = self._work(key) / "error.txt"
        with self._explained():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(report, encoding="utf-8")
        return path

    # How it is done ---------------------------------------------------------------------------------------------

    def _run(self, stage: "Stage", session: Session) -> None:
        work = self._work(stage.key)
        out = work / "out"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        folders = {source.key: self.folder(source.key) for source in stage.inputs}
        inside = replace(session, folder=work / "checkpoints", path=(*session.path, stage.title))
        begun = time.monotonic()
        stage.work(folders, out, inside)
        manifest = Manifest.of(stage, out, device=session.device, seconds=time.monotonic() - begun)
        manifest.write(out)
        self._commit(stage.key, out)
        shutil.rmtree(work, ignore_errors=True)

    def _commit(self, key: str, out: Path) -> None:
        for name in [*names(out), NAME]:
            _sync(out / name)
        _sync(out)
        final = self.folder(key)
        if final.exists():  # only a damaged one: a whole one would have been found
            self._discard(final)
        final.parent.mkdir(parents=True, exist_ok=True)
        out.rename(final)
        _sync(final.parent)

    def _discard(self, folder: Path) -> None:
        """Gone by one rename first, so that a kill leaves no half of it among the finished."""
        self._known.discard(folder.name)
        gone = self.root / "work" / f"{folder.name}.gone"
        shutil.rmtree(gone, ignore_errors=True)
        gone.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)

    def _forget(self, key: str) -> None:
        lock = self._lock(key)
        with suppress(Timeout), lock.acquire(timeout=0):
            shutil.rmtree(self._work(key), ignore_errors=True)
            Path(lock.lock_file).unlink(missing_ok=True)

    def _work(self, key: str) -> Path:
        return self.root / "work" / key

    def _lock(self, key: str) -> FileLock:
        return FileLock(self.root / "work" / f"{key}.lock")

    @contextmanager
    def _locked(self, stage: "Stage", session: Session) -> Iterator[None]:
        self.require_readable()
        lock = self._lock(stage.key)
        file = Path(lock.lock_file)
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            session.reporter.note(f"{stage.title}: another process is at it, waiting")
            lock.acquire(poll_interval=_POLL)
        try:
            yield
        finally:
            # Removed while it is held: whoever waits notices that its file has gone and takes a fresh one.
            file.unlink(missing_ok=True)
            lock.release()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno not in _UNUSABLE or not self._is_mine(error):
                raise
            raise self._unwritable(error.strerror or str(error)) from error
        except SafetensorError as error:
            if "os error" not in str(error).lower():
                raise
            raise self._unwritable(str(error)) from error

    def _unwritable(self, reason: str) -> StoreError:
        return StoreError(
            f"the store {self.root} cannot be written: {reason}; free some space or choose another place."
            " What is finished is whole, and the same command continues"
        )

    def _is_mine(self, error: OSError) -> bool:
        """Whether the trouble is with a path in the store, or with a disk as such."""
        if error.errno in (errno.ENOSPC, errno.EDQUOT) or error.filename is None:
            return True
        path, root = Path(os.fsdecode(error.filename)).absolute(), self.root.absolute()
        return path.is_relative_to(root) or root.is_relative_to(path)

    def _folders(self) -> list[Path]:
        return [folder for shelf in _listed(self.root / "stages") for folder in _listed(shelf)]


def _whole(folder: Path, key: str) -> bool:
    manifest = Manifest.read(folder)
    if manifest is None or manifest.key != key:
        return False
    return all(_bytes(folder / name) == item.bytes for name, item in manifest.files.items())


def _damage(folder: Path) -> str:
    manifest = Manifest.read(folder)
    if manifest is None:
        return f"{NAME} is missing or damaged"
    if manifest.key != folder.name:
        return f"{NAME} is of another stage, {manifest.key}"
    if missing := [name for name in manifest.files if not (folder / name).is_file()]:
        return f"{', '.join(missing)} missing"
    changed = [name for name, item in manifest.files.items() if content(folder / name) != item]
    return f"{', '.join(changed)} changed since it was written" if changed else ""


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _listed(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _sync(path: Path) -> None:
    """Have a file or folder reach the disk; some file systems cannot for folders, which is no reason to fail."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EBADF):
            raise
    finally:
        os.close(handle)
