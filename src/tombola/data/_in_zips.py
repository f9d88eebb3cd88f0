"""Files of a set in a folder, or in a zip that is read where it lies."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias
from zipfile import BadZipFile
from zipfile import Path as InZip

from tombola.errors import DataError
from tombola.spec import Json, file_digest

Place: TypeAlias = Path | InZip


def found_in(root: Path, folders: Iterable[str], files: Sequence[str], who: str) -> Place | None:
    """The first of some folders in a folder or a zip that holds one of the files; None where none does."""
    place = root.expanduser().absolute()
    try:
        whole: Place = InZip(place) if place.suffix == ".zip" and place.is_file() else place
    except BadZipFile as error:
        raise DataError(f"{who}: {place} is no zip that can be read ({error})") from None
    places = (whole / folder for folder in folders)
    return next((found for found in places if any(there(found, name) for name in files)), None)


def there(place: Place, name: str) -> bool:
    """Whether a folder holds a file."""
    return (place / name).is_file()


def contents_of(files: Sequence[Place]) -> Json:
    """The identity of files by what is in them, wherever they lie.

    Of none it is one too, so that a study of files that are not here can be planned.
    """
    if not files:
        return {"files": 0, "of": "names"}
    found = sha256()
    for file in files:
        found.update(_digest(file).encode())
    return {"files": len(files), "of": "contents", "sha256": found.hexdigest()}


def _digest(file: Place) -> str:
    if isinstance(file, Path):
        return file_digest(file)
    return _digest_in_zip(str(file), Path(str(file.root.filename)).stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _digest_in_zip(file: str, changed: int) -> str:
    del changed  # part of the cache's key
    archive, _, inside = file.partition(".zip/")
    return sha256(InZip(archive + ".zip", inside).read_bytes()).hexdigest()
