"""The image files of a published set by split, and the rules that split those that come in one piece."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

from tombola.data._image_files import SUFFIXES

Labelled: TypeAlias = Sequence[tuple[Path, int]]
Folders: TypeAlias = Mapping[str, tuple[Path, ...]]


@dataclass(frozen=True)
class Listed:
    """Both splits' files with their labels. ``seen``: they were found on disk, not in a list of names."""

    classes: tuple[str, ...]
    train: Labelled
    test: Labelled
    seen: bool = False

    def absent(self) -> list[Path]:
        """The files that are named and not there, in their order."""
        if self.seen:
            return []
        files = [file for file, _ in chain(self.train, self.test)]
        there = {folder: set(os.listdir(folder)) for folder in {file.parent for file in files} if folder.is_dir()}  # noqa: PTH208  names are enough
        return [file for file in files if file.name not in there.get(file.parent, ())]


def from_readers(train: Sequence[Any], test: Any, files: str = "_image_files") -> Listed:
    """What torchvision's readers list, the training split in one or more parts."""
    parts = [list(zip(map(Path, vars(part)[files]), vars(part)["_labels"], strict=True)) for part in (*train, test)]
    return Listed(tuple(test.classes), list(chain(*parts[:-1])), parts[-1])


def by_class(place: Path) -> dict[str, tuple[Path, ...]]:
    """The images directly in each folder of ``place``, both sorted by name; raises OSError where that is none."""
    with os.scandir(place) as entries:
        names = sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))
    return {name: _images(place / name) for name in names}


def from_folders(train: Path, test: Path) -> Listed:
    """Two folders of class folders as the two splits."""
    parts = [by_class(train), by_class(test)]
    classes = sorted({name for part in parts for name in part})
    number = {name: label for label, name in enumerate(classes)}
    pairs = [[(file, number[name]) for name in part for file in part[name]] for part in parts]
    return Listed(tuple(classes), pairs[0], pairs[1], seen=True)


def first_of_each(folders: Folders, count: int) -> Listed:
    """The first ``count`` images of each class to train on, the rest to test on."""
    numbered = list(enumerate(folders.values()))
    train = [(file, label) for label, files in numbered for file in files[:count]]
    test = [(file, label) for label, files in numbered for file in files[count:]]
    return Listed(tuple(folders), train, test, seen=True)


def below(root: Path, name: str) -> Path:
    """The folder ``name`` of ``root``, or ``root`` itself where it has none: a name may be written with or without."""
    return root / name if (root / name).is_dir() else root


def _images(folder: Path) -> tuple[Path, ...]:
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if not entry.name.startswith(".")]
    return tuple(folder / name for name in sorted(names) if os.path.splitext(name)[1].lower() in SUFFIXES)  # noqa: PTH122  a million
