"""`Shelf`: finished stages on any file system fsspec knows: a bucket, a server, a folder.

stages/ab/abcd.../manifest.json       written last: a stage without it is not there
stages/ab/abcd.../0123456789/NAME     its outputs, each under the beginning of its own digest, so that two machines
                                      that put one stage at a time never write over each other's files
failures/abcd....txt                  the report of a stage that failed
shelf.json                            written before anything is trained: proof that the place takes files
"""

import posixpath
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from pydantic import ValidationError

from tombola.errors import StoreError
from tombola.study.manifest import NAME, Content, Manifest, content

_BUCKETS: Final = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oci", "oss", "r2", "hf"}
_CHUNK: Final = 1 << 20
_DIGITS: Final = 10


def is_url(place: str) -> bool:
    """Whether a place is a url, as ``s3://bucket/x``, and no path."""
    return "://" in place


@dataclass(frozen=True)
class Shelf:
    """Finished stages at a url. Everything that goes wrong with the place is a `StoreError` that names it."""

    url: str

    def has(self, key: str) -> bool:
        """Whether a stage is there, asked of the place itself."""
        with self._explained():
            files, root = self._open()
            files.invalidate_cache()
            return bool(files.exists(f"{_folder(root, key)}/{NAME}"))

    def keys(self) -> set[str]:
        """The stages that are there, by one listing."""
        return {path.split("/")[1] for path in self._listing() if _is_manifest(path)}

    def put(self, key: str, folder: Path) -> None:
        """Copy a finished stage there, its manifest last. Cut short, nothing of it counts and it can be put again."""
        manifest = Manifest.read(folder)
        assert manifest is not None
        with self._explained():
            files, root = self._open()
            there = _folder(root, key)
            for name, item in manifest.files.items():
                _send(files, folder / name, f"{there}/{_name(name, item)}")
            part = f"{there}/{NAME}.{uuid4().hex[:8]}"
            _write(files, part, (folder / NAME).read_bytes())
            files.mv(part, f"{there}/{NAME}")  # at once, on file systems where writing is not

    def fetch(self, key: str, folder: Path) -> None:
        """Copy a stage that is there into ``folder``, its manifest last; every file is checked against its digest."""
        with self._explained():
            files, root = self._open()
            there = _folder(root, key)
            text = files.cat_file(f"{there}/{NAME}")
            for name, item in _read(text, key, self.url).files.items():
                target = folder / name  # inside, as every name of a manifest is; the folder is new, so no link is in it
                target.parent.mkdir(parents=True, exist_ok=True)
                files.get_file(f"{there}/{_name(name, item)}", str(target))
                if content(target) != item:
                    raise StoreError(self._damaged(key, f"{name} changed since it was written"))
            (folder / NAME).write_bytes(text)

    def manifests(self, keys: Collection[str] | None = None) -> Iterator[Manifest]:
        """Of every stage, or of those among ``keys``, that is there and whose manifest can be read, in no order."""
        asked = self.keys() if keys is None else keys
        with self._explained():
            files, root = self._open()
            found = files.cat([f"{_folder(root, key)}/{NAME}" for key in asked], on_error="omit")
        for text in found.values():
            with suppress(ValidationError):
                yield Manifest.model_validate_json(text)

    def verify(self) -> list[str]:
        """One sentence for each damaged stage; every byte is read."""
        return [problem for key in sorted(self.keys()) if (problem := self._problem(key))]

    def discard(self, keep: Iterable[str], *, dry: bool) -> tuple[int, int]:
        """Remove all but the stages in ``keep``: how many stages and bytes.

        What uploads that were cut short left in a stage that is kept goes too; a kept stage without a manifest may
        be on its way and is left.
        """
        kept, listing = set(keep), self._listing()
        whole = {path.split("/")[1] for path in listing if _is_manifest(path)}
        wanted = self._wanted(kept & whole)
        lost = [
            path
            for path in listing
            if (key := path.split("/")[1]) not in kept or (key in whole and path not in wanted[key])
        ]
        lost.sort(key=lambda path: not _is_manifest(path))  # a stage whose manifest has gone is not there
        if not dry:
            with self._explained():
                files, root = self._open()
                for path in lost:
                    files.rm_file(f"{root}/stages/{path}")
        return len(whole - kept), sum(listing[path] for path in lost)

    def require_writable(self) -> None:
        """Raise `StoreError` unless the place takes files: asked before hours of work, not after."""
        with self._explained():
            files, root = self._open()
            _write(files, f"{root}/shelf.json", b'{"format": 1}\n')

    def tell(self, key: str, report: str) -> str:
        """Keep the report of a failure; its url."""
        with self._explained():
            files, root = self._open()
            _write(files, f"{root}/failures/{key}.txt", report.encode())
        return f"{self.url.rstrip('/')}/failures/{key}.txt"

    # How it is done ---------------------------------------------------------------------------------------------

    def _open(self) -> tuple[Any, str]:
        return _opened(self.url)

    def _listing(self) -> dict[str, int]:
        """Every file of every stage, by its path under ``stages``, with its size."""
        with self._explained():
            files, root = self._open()
            files.invalidate_cache()
            try:
                found = files.find(f"{root}/stages", detail=True)
            except FileNotFoundError:
                return {}
        start = f"{root}/stages/".lstrip("/")
        paths = {path.lstrip("/").removeprefix(start): item["size"] or 0 for path, item in found.items()}
        return {path: size for path, size in paths.items() if path.count("/") > 1}

    def _wanted(self, keys: set[str]) -> dict[str, set[str]]:
        """The paths that belong to whole stages, by key."""
        paths = {}
        for key in keys:
            files, root = self._open()
            with self._explained():
                manifest = _read(files.cat_file(f"{_folder(root, key)}/{NAME}"), key, self.url)
            names = [NAME, *(_name(name, item) for name, item in manifest.files.items())]
            paths[key] = {f"{key[:2]}/{key}/{name}" for name in names}
        return paths

    def _problem(self, key: str) -> str:
        files, root = self._open()
        there = _folder(root, key)
        try:
            manifest = _read(files.cat_file(f"{there}/{NAME}"), key, self.url)
            changed = [
                name
                for name, item in manifest.files.items()
                if _digest(files, f"{there}/{_name(name, item)}") != item.sha256
            ]
        except StoreError:
            return f"{self.url}: {key}: {NAME} is damaged"
        except FileNotFoundError as error:
            return f"{self.url}: {key}: {posixpath.basename(str(error.filename or error))} missing"
        return f"{self.url}: {key}: {', '.join(changed)} changed since it was written" if changed else ""

    def _damaged(self, key: str, reason: str) -> str:
        return f"the store {self.url} is damaged: {reason}; remove stages/{key[:2]}/{key} there, and it is made again"

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except StoreError:
            raise
        except FileNotFoundError as error:
            raise StoreError(f"the store {self.url} lacks a file or is not there: {error}") from error
        except PermissionError as error:
            raise StoreError(
                f"the store {self.url} may not be read or written: {error}; this machine's credentials must allow it"
            ) from error
        except Exception as error:  # every file system has errors of its own: botocore's, aiohttp's, paramiko's
            raise StoreError(
                f"the store {self.url} cannot be reached: {type(error).__name__}: {error};"
                " what is finished stays in this machine's cache, and the same command continues"
            ) from error


@cache
def _opened(url: str) -> tuple[Any, str]:
    from fsspec.core import url_to_fs

    try:
        files, root = url_to_fs(url)
    except ImportError as error:
        raise StoreError(f"the store {url} cannot be opened: {error}; pip install it, or name a folder") from None
    except ValueError as error:
        raise StoreError(
            f"the store {url} cannot be opened: {error}; write s3://, gs://, file:// or a folder"
        ) from None
    return files, root.rstrip("/")


def _send(files: Any, source: Path, target: str) -> None:
    _in_folder(files, target, lambda: files.put_file(str(source), target))


def _write(files: Any, target: str, text: bytes) -> None:
    _in_folder(files, target, lambda: files.pipe_file(target, text))


def _in_folder(files: Any, target: str, write: Callable[[], object]) -> None:
    """Write; a folder that is not there is made, but no bucket: a wrong name should be an error, not a new bucket."""
    try:
        write()
    except FileNotFoundError:
        protocols = {files.protocol} if isinstance(files.protocol, str) else set(files.protocol)
        if protocols & _BUCKETS:
            raise
        files.makedirs(posixpath.dirname(target), exist_ok=True)
        write()


def _folder(root: str, key: str) -> str:
    return f"{root}/stages/{key[:2]}/{key}"


def _name(name: str, item: Content) -> str:
    return f"{item.sha256[:_DIGITS]}/{name}"


def _is_manifest(path: str) -> bool:
    return path.count("/") == 2 and path.endswith(f"/{NAME}")  # stage, key, name


def _read(text: bytes, key: str, url: str) -> Manifest:
    try:
        manifest, why = Manifest.model_validate_json(text), "it is of another stage"
    except ValidationError as error:
        manifest, why = None, str(error.errors(include_url=False)[0]["msg"])
    if manifest is None or manifest.key != key:
        raise StoreError(
            f"the store {url} is damaged: {NAME} of {key} ({why}); remove it there, and the stage is made again"
        )
    return manifest


def _digest(files: Any, path: str) -> str:
    found = sha256()
    with files.open(path, "rb") as stream:
        while chunk := stream.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()
