"""Which files are images, and those in and below a folder. Programs that are shipped without Tombola hold this file."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

SUFFIXES = frozenset([".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"])


def hidden(name: str) -> bool:
    """Whether files and folders of this name are passed over."""
    return name.startswith(".") or name == "__MACOSX"


def is_image(path: Path) -> bool:
    """Whether a file is one, by its name."""
    return not hidden(path.name) and path.suffix.lower() in SUFFIXES and path.is_file()


def images_below(folder: Path) -> tuple[Path, ...]:
    """All image files in it and below, links followed, hidden ones left out, by name."""
    return by_name(folder, filter(is_image, files_below(folder)))


def by_name(folder: Path, files: Iterable[Path]) -> tuple[Path, ...]:
    """Files below a folder in the order of their names below it."""
    start = len(str(folder / "x")) - 1
    return tuple(sorted(files, key=lambda path: str(path)[start:].replace(os.sep, "/")))


def files_below(folder: Path) -> Iterator[Path]:
    """All files in it and below, links followed, hidden ones left out."""
    seen = set()
    for here, below, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(here)
        below[:] = [] if real in seen else [name for name in below if not hidden(name)]
        names = [] if real in seen else names  # a link back up
        seen.add(real)
        yield from (Path(here, name) for name in names if not hidden(name))
