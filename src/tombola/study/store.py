"""`Store`: a folder of finished stages by key, that a kill at any moment leaves whole.

stages/ab/abcd.../        a finished stage: its outputs and manifest.json; it appears by one rename
work/abcd.../checkpoints  an unfinished one: what its training continues from
work/abcd.../out          and its outputs so far, begun anew each time
work/abcd....lock         held while a process works on it, and given back by the kernel when that process dies

A store at a url is a `Shelf`: what counts is what is there, and the folder is this machine's cache of it.
fetching/...              a stage on its way from the shelf to stages/
"""

import os
import platform
import shutil
import tempfile
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal
from uuid import uuid4

from filelock import FileLock, Timeout

from tombola.disks import is_full, sync
from tombola.errors import RequestError, StoreError
from tombola.fitting.session import Session
from tombola.study.finished import damage, listed, size_of, whole
from tombola.study.manifest import NAME, Manifest, names
from tombola.study.shelf import Shelf, is_url
from tombola.study.trouble import explained

if TYPE_CHECKING:  # listing a store needs no torch
    from tombola.study.stage import Stage

_POLL: Final = 0.1
_SIGN: Final = "store.id"
_FRESH_SECONDS: Final = 10.0
_DAY_SECONDS: Final = 86400.0


@dataclass(frozen=True)
class Freed:
    """What `Store.gc` removed, or would remove."""

    stages: int
    unfinished: int
    bytes: int


class Store:
    """A folder of finished stages, made when first written to; with a shelf, a cache of what is on it."""

    def __init__(self, root: Path, shelf: Shelf | None = None) -> None:
        self.root = root
        self.shelf = shelf
        self._known: set[str] = set()
        self._asked = self._proven = float("-inf")

    @classmethod
    def at(cls, place: str | Path) -> "Store":
        """The store in a folder; or at a url, with its cache in the user's (TOMBOLA_CACHE names another)."""
        url = str(place)
        if not url.strip() or (is_url(url) and not url.strip().partition("://")[2].strip("/") and "memory" not in url):
            raise RequestError(f"the store {url!r} is no place; write a folder, or a url such as s3://bucket/x")
        return cls(_cache(url), Shelf(url)) if is_url(url) else cls(Path(place))

    @property
    def place(self) -> str:
        """What `at` finds this store by, wherever it is asked."""
        return self.shelf.url if self.shelf else str(self.root.absolute())

    def __repr__(self) -> str:
        return f"Store({str(self.root)!r}, {self.shelf})" if self.shelf else f"Store({str(self.root)!r})"

    def folder(self, key: str) -> Path:
        """Where the outputs of a finished stage are, for reading them now: every byte is what was written.

        They are hashed each time they are asked for, as a bit that flips changes neither a file's size nor its time.
        What is on the shelf only, or damaged in its cache, is fetched; other damage is a `StoreError`.
        """
        folder = self._final(key)
        problem = damage(folder)
        if problem and self.shelf is not None:
            self._fetch(self.shelf, key)
            problem = damage(folder)
        if problem:
            raise StoreError(
                f"the store {self.root} is damaged: {folder}: {problem};"
                " remove that folder, and the same command makes it again (tombola store verify finds all such)"
            )
        return folder

    def has(self, key: str) -> bool:
        """Whether a stage is finished: its manifest is there and its files have the sizes it says.

        A shelf is listed as a whole, and again for a stage it lacked some seconds ago.
        """
        if key not in self._known and self.shelf is not None:
            self._list(self.shelf)
        elif key not in self._known and whole(self._final(key), key):
            self._known.add(key)
        return key in self._known

    def learn(self, key: str) -> None:
        """Be told that a stage is finished, by whoever made it on another machine."""
        self._known.add(key)

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
                Path(lock.lock_file).unlink(missing_ok=True)  # left by a process that died, or made by asking
                return "begun"
        except (Timeout, OSError):
            return "running"

    def make(self, stage: "Stage", session: Session) -> Literal["made", "cached"]:
        """Run a stage unless it is finished; its inputs must be. Two processes run it once: the second waits.

        A disk that is full or cannot be written is a `StoreError`; the store stays whole whatever happens.
        """
        told = False
        while (found := self.try_make(stage, session)) == "busy":
            if not told:
                session.reporter.note(f"{stage.title}: another process is at it, waiting")
            told = True
            time.sleep(_POLL)
        return found

    def try_make(self, stage: "Stage", session: Session) -> Literal["made", "cached", "busy"]:
        """As `make`, but where another process is at the stage nothing is done and nothing waited for: ``busy``."""
        if self._there(stage.key):
            self._sweep(stage.key)
            return "cached"
        with explained(self.root), self._locked(stage.key) as locked:
            if self._there(stage.key):
                return "cached"
            if not locked:
                return "busy"
            self._prove()
            if damage(self._final(stage.key)):  # else it was made here, and never reached the shelf
                self._run(stage, session)
            self._share(stage.key)
        return "made"

    def manifests(self, keys: Collection[str] | None = None) -> Iterator[Manifest]:
        """Of every finished stage, or of those among ``keys``, oldest first."""
        folders = self._folders() if keys is None else map(self._final, keys)
        here = (manifest for folder in folders if (manifest := Manifest.read(folder)) is not None)
        found = here if self.shelf is None else self.shelf.manifests(keys)
        yield from sorted(found, key=lambda manifest: (manifest.finished, manifest.key))

    def verify(self) -> list[str]:
        """One sentence for each finished stage that is damaged; digests are computed anew.

        Of a shelf every byte is read. The cache is looked at as well.
        """
        self.require_readable()
        here = [f"{folder}: {problem}" for folder in self._folders() if (problem := damage(folder))]
        return here if self.shelf is None else [*here, *self.shelf.verify()]

    def gc(self, keep: Iterable[str] | None = None, *, dry: bool = False) -> Freed:
        """Remove unfinished work nobody is at, and finished stages not in ``keep`` (None keeps all).

        Unfinished work is this machine's; finished stages go from the shelf and from this machine's cache of it.
        """
        self.require_readable()
        kept = None if keep is None else set(keep)
        stale = [] if kept is None else [folder for folder in self._folders() if folder.name not in kept]
        begun = sorted({path.name.removesuffix(".lock") for path in listed(self.root / "work")})
        begun = [key for key in begun if self.state(key) != "running"]
        late = [path for path in listed(self.root / "fetching") if time.time() - path.stat().st_mtime > _DAY_SECONDS]
        freed = Freed(len(stale), len(begun), sum(map(size_of, [*stale, *map(self._work, begun), *late])))
        if self.shelf is not None and kept is not None:
            count, size = self.shelf.discard(kept, dry=dry)
            freed = Freed(count, freed.unfinished, freed.bytes + size)
        if not dry:
            self._known.clear()
            self._asked = float("-inf")
            with explained(self.root):
                for folder in stale:
                    self._discard(folder)
                for key in begun:
                    self._forget(key)
                for folder in late:
                    shutil.rmtree(folder, ignore_errors=True)
        return freed

    def require_readable(self) -> None:
        """Raise `RequestError` unless there is a store, or nothing yet, at its place."""
        if self.root.exists() and not self.root.is_dir():
            raise RequestError(f"the store {self.root} is not a folder; choose another place for it")

    def require_place(self) -> None:
        """Raise `RequestError` unless its folder is there or can be made, which it then is."""
        try:
            (self.root / "work").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            if is_full(error):
                with explained(self.root):
                    raise
            raise RequestError(
                f"the store {self.root} cannot be made: {error.strerror}; choose another place for it"
            ) from None

    def fail(self, key: str, report: str) -> str:
        """Keep the report of a failure beside the unfinished work, or on the shelf; where it is."""
        if self.shelf is not None:
            return self.shelf.tell(key, report)
        path = self._work(key) / "error.txt"
        with explained(self.root):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(report, encoding="utf-8")
        return str(path)

    def sign(self) -> str:
        """What a store in a folder is known by wherever that folder is seen; a url is known by itself."""
        if self.shelf is not None:
            return ""
        with explained(self.root):
            path = self.root / _SIGN
            self.root.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                part = self.root / f"{_SIGN}.{uuid4().hex}"
                part.write_text(uuid4().hex, encoding="utf-8")
                try:
                    os.link(part, path)  # the first of several wins
                except FileExistsError:
                    pass
                except OSError:  # a file system without links
                    part.replace(path)
                part.unlink(missing_ok=True)
            return path.read_text(encoding="utf-8")

    def require_sign(self, sign: str) -> None:
        """Raise `StoreError` unless this is the store that was signed so: on another machine it may be another."""
        if self.shelf is None and _text(self.root / _SIGN) != sign:
            raise StoreError(
                f"the machine {platform.node()} does not see the store {self.root}: put it on a path that all machines"
                " share, or write a url, as --store s3://bucket/x"
            )

    # What is on the shelf ---------------------------------------------------------------------------------------

    def _there(self, key: str) -> bool:
        """As `has`, but the shelf is asked for this stage, now."""
        if self.shelf is None:
            return self.has(key)
        if key not in self._known and self.shelf.has(key):
            self._known.add(key)
        return key in self._known

    def _list(self, shelf: Shelf) -> None:
        if time.monotonic() - self._asked > _FRESH_SECONDS:
            self._known |= shelf.keys()
            self._asked = time.monotonic()

    def _prove(self) -> None:
        """Before hours of work: that the shelf will take its result."""
        if self.shelf is not None and time.monotonic() - self._proven > _DAY_SECONDS:
            self.shelf.require_writable()
            self._proven = time.monotonic()

    def _share(self, key: str) -> None:
        if self.shelf is not None:
            self.shelf.put(key, self._final(key))
        self._known.add(key)

    def _fetch(self, shelf: Shelf, key: str) -> None:
        parent, final = self.root / "fetching", self._final(key)
        with explained(self.root):
            for folder in (parent, final.parent):
                folder.mkdir(parents=True, exist_ok=True)
            part = Path(tempfile.mkdtemp(dir=parent))
            try:
                shelf.fetch(key, part)
                if final.exists() and damage(final):
                    self._discard(final)
                part.rename(final)
            except OSError:
                if damage(final):  # else another process fetched it meanwhile
                    raise
            finally:
                shutil.rmtree(part, ignore_errors=True)

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
            sync(out / name)
        sync(out)
        final = self._final(key)
        if final.exists():  # only a damaged one: a whole one would have been found
            self._discard(final)
        final.parent.mkdir(parents=True, exist_ok=True)
        out.rename(final)
        sync(final.parent)

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

    def _sweep(self, key: str) -> None:
        """Remove what a process left that was killed between finishing a stage and putting its lock away."""
        if Path(self._lock(key).lock_file).exists():
            with suppress(OSError):
                self._forget(key)

    def _final(self, key: str) -> Path:
        return self.root / "stages" / key[:2] / key

    def _work(self, key: str) -> Path:
        return self.root / "work" / key

    def _lock(self, key: str) -> FileLock:
        return FileLock(self.root / "work" / f"{key}.lock")

    @contextmanager
    def _locked(self, key: str) -> Iterator[bool]:
        """Whether the lock of a stage is this process's while the block runs; its file is then gone afterwards."""
        lock = self._lock(key)
        file = Path(lock.lock_file)
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            try:  # removed while it is held: whoever has it open notices that it has gone, and asks again
                file.unlink(missing_ok=True)
            finally:
                lock.release()

    def _folders(self) -> list[Path]:
        return [folder for shelf in listed(self.root / "stages") for folder in listed(shelf)]


def _cache(url: str) -> Path:
    """This machine's folder for what is at a url."""
    own = Path(os.environ.get("TOMBOLA_CACHE") or "~/.cache/tombola").expanduser()
    return own / "stores" / sha256(url.rstrip("/").encode()).hexdigest()[:16]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
