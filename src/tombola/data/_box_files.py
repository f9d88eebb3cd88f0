"""Images in files of their own with boxes written beside them: what is shared by the ways to write them."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, final

import torch
from torch import Tensor

from tombola.data._base import Images, Splits
from tombola.data._boxes import Boxed, BoxSet, with_boxes
from tombola.data._boxes_read import read_boxed
from tombola.data._files import files_identity
from tombola.data._scenes import held_out_of, hold_out_scenes, not_empty
from tombola.errors import DataError
from tombola.spec import Json, option


@dataclass(frozen=True)
class Listed:
    """An image and its boxes: a class by name, left, top, right, bottom."""

    image: Path
    boxes: tuple[tuple[str, float, float, float, float], ...] = ()


@dataclass(frozen=True)
class Lists:
    """What is written: the images of each split, or of ``all``; the classes' names in order; the files that say so."""

    splits: Mapping[str, Sequence[Listed]]
    written: tuple[Path, ...]
    classes: tuple[str, ...] | None = None
    """None: those that boxes have, by the alphabet."""


class BoxFiles(BoxSet):
    """Images of any sizes with boxes, in a folder; they are made to fit in one size, with their aspect kept."""

    ARGUMENT: ClassVar[str | None] = "path"
    VERSION: ClassVar[int] = 2  # boxes are cut off at their image, no longer in the black beside it

    path: Path = option(help="the folder; a copy elsewhere is the same set", identity=False)
    height: int = option(256, "rows of pixels", ge=8, le=4096)
    width: int = option(256, "columns of pixels", ge=8, le=4096)
    val_fraction: float = option(0.1, "the share of the training images held out, where there is no split", gt=0, lt=1)
    test_fraction: float = option(0.2, "the share of all images held out, where there is no split", gt=0, lt=1)
    seed: int = option(0, "which split, where there is none", ge=0)

    @abstractmethod
    def lists(self, folder: Path) -> Lists:
        """What is written in the folder; raises `DataError` saying what was found."""

    @final
    def identity(self) -> dict[str, Json]:
        """Its options and its files, wherever they lie."""
        folder, lists = self._lists()
        files = sorted({*lists.written, *(one.image for split in lists.splits.values() for one in split)})
        return {**super().identity(), "content": files_identity(folder, files)}

    @final
    def load(self) -> Splits:
        _, lists = self._lists()
        named = {label for split in lists.splits.values() for one in split for label, *_ in one.boxes}
        classes = tuple(sorted(named)) if lists.classes is None else lists.classes
        if not classes:
            raise DataError(f"{self.name}: {self.path}: no image has a box, so there is nothing to find")
        found: dict[str, Images] = {
            split: boxed(f"{self.name}: {self.path}", listed, classes, (self.height, self.width))
            for split, listed in lists.splits.items()
        }
        if "all" in found:
            found["train"], found["test"] = hold_out_scenes(found["all"], self.test_fraction, self.seed)
        return not_empty(self.name, held_out_of(found, self.val_fraction, self.seed))

    def _lists(self) -> tuple[Path, Lists]:
        folder = self.path.expanduser().absolute()
        if not folder.is_dir():
            raise DataError(f"{self.name}: {self.path} is no folder; name the one that holds the images")
        lists = self.lists(folder)
        if missing := [one.image for split in lists.splits.values() for one in split if not one.image.is_file()]:
            raise DataError(f"{self.name}: {len(missing)} images are written of and not there, such as {missing[0]}")
        return folder, lists


def boxed(name: str, listed: Sequence[Listed], classes: tuple[str, ...], shape: tuple[int, int]) -> Boxed:
    """The images read, made to fit in one shape with their boxes; ``name`` is what errors begin with."""
    numbers = {label: number for number, label in enumerate(classes)}
    boxes = [_rows(name, one, numbers) for one in listed]
    pixels, fitted, called = read_boxed(name, [one.image for one in listed], boxes, shape)
    return with_boxes(pixels, fitted, classes, called, name)


def _rows(name: str, one: Listed, numbers: Mapping[str, int]) -> Tensor:
    if strange := [label for label, *_ in one.boxes if label not in numbers]:
        raise DataError(f"{name}: {one.image.name} has a box of {strange[0]!r}, which is none of {[*numbers]}")
    return torch.tensor([[numbers[label], *edges] for label, *edges in one.boxes], dtype=torch.float32).view(-1, 5)


def splits_in(folder: Path) -> dict[str, Path]:
    """The folders of splits that a folder has, ``valid`` being ``val``; itself as ``all`` where it has none."""
    called = {"train": "train", "val": "val", "valid": "val", "test": "test"}
    found = {split: folder / name for name, split in called.items() if (folder / name).is_dir()}
    if "val" in found and "test" not in found:
        found["test"] = found.pop("val")
    return found if {"train", "test"} <= set(found) else {"all": folder}
