"""The image files of a folder, by split and class: ``train/cat/1.jpg`` or ``cat/1.jpg``."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tombola.data._image_files import SUFFIXES, by_name, files_below, hidden, images_below, is_image
from tombola.data._left_out import printable
from tombola.errors import DataError

SPLITS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
NO_IMAGE = "no image, by its name"
LAYOUTS = (
    "expected one folder a class (PATH/cat/1.jpg, PATH/dog/2.jpg), or these below PATH/train and PATH/val or PATH/test"
)


@dataclass(frozen=True)
class Tree:
    """The files of each split by class, sorted by name; the only split is ``all`` when there are no split folders.

    Of images without any folder the only class has no name. ``left`` are the files that are no part of it, and why.
    """

    splits: Mapping[str, Mapping[str, tuple[Path, ...]]]
    empty: tuple[str, ...]  # class folders that hold no image
    left: Mapping[Path, str] = field(default_factory=dict)

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(self.splits["all" if "all" in self.splits else "train"])

    @property
    def flat(self) -> bool:
        """Whether images lie in no class folders, and have no label."""
        return self.classes == ("",)

    @property
    def files(self) -> list[Path]:
        return [file for classes in self.splits.values() for files in classes.values() for file in files]

    def labelled(self, split: str) -> tuple[list[Path], list[int]]:
        """A split's files and their labels."""
        number = {name: label for label, name in enumerate(self.classes)}
        pairs = [(file, number[name]) for name, files in self.splits[split].items() for file in files]
        return [file for file, _ in pairs], [label for _, label in pairs]


def read_tree(root: Path) -> Tree:
    """What is below ``root``; raises `DataError` saying what was found when it is not the layout expected."""
    if not root.is_dir():
        raise DataError(f"folder: {root} is {'a file' if root.exists() else 'not there'}; {LAYOUTS}")
    places, left = _split_folders(root), dict[Path, str]()
    found = {
        split: {name: _of_class(root_ / name, left) for name in _folders(root_)} for split, root_ in places.items()
    }
    empty = tuple(f"{places[split].name}/{name}" for split in found for name in found[split] if not found[split][name])
    splits = {split: {name: files for name, files in found[split].items() if files} for split in found}
    tree = Tree(splits, empty, left)
    if not tree.classes and "all" in places and not found["all"] and (files := _flat(root)):
        return Tree({"all": {"": files}}, ())
    if not tree.classes:
        raise DataError(f"folder: {root}: no class folders with images; found {_contents(root)}; {LAYOUTS}")
    if strange := next((name for name in tree.classes if printable(name) != name), ""):
        raise DataError(f"folder: {root}: the class folder {printable(strange)} has a name that is no UTF-8; rename it")
    _note_beside(root, places, left)
    return Tree({split: _as_trained(classes, tree, places[split]) for split, classes in splits.items()}, empty, left)


def why_left(path: Path, otherwise: str) -> str:
    """Why a file is no image that can be used: its name, that it is no file, or what is given."""
    if path.suffix.lower() not in SUFFIXES:
        return NO_IMAGE
    if path.is_symlink() and not path.exists():
        return "a link to nothing"
    return otherwise if path.is_file() else "no file"


def _of_class(folder: Path, left: dict[Path, str]) -> tuple[Path, ...]:
    """The images of a class; the other files in its folder are noted in ``left``."""
    found = list(files_below(folder))
    images = by_name(folder, filter(is_image, found))
    if len(images) < len(found):
        left.update({path: why_left(path, "") for path in sorted(set(found) - set(images))})
    return images


def _note_beside(root: Path, places: Mapping[str, Path], left: dict[Path, str]) -> None:
    """Notes what lies in no class folder: files beside class folders, files and folders beside those of splits."""
    for place in dict.fromkeys((root, *places.values())):
        for path in sorted(place.iterdir()):
            if not hidden(path.name) and not path.is_dir():
                left[path] = why_left(path, "in no class folder")
    if "all" not in places:
        own = {place.name for place in places.values()}
        left.update({root / name: "a folder beside those of the splits" for name in _folders(root) if name not in own})


def _as_trained(classes: Mapping[str, tuple[Path, ...]], tree: Tree, place: Path) -> Mapping[str, tuple[Path, ...]]:
    """A split's files under the names of the training classes: macOS writes an accent as a sign of its own."""
    trained = {unicodedata.normalize("NFC", name): name for name in tree.classes}
    spelled = {name: trained.get(unicodedata.normalize("NFC", name), "") for name in classes}
    named = {name: name if name in tree.classes else spelled[name] for name in classes}
    if unknown := sorted(name for name, trained_as in named.items() if not trained_as):
        raise DataError(f"folder: {place}: classes that have no training images: {', '.join(unknown)}")
    found: dict[str, tuple[Path, ...]] = {}
    for name, files in classes.items():
        found[named[name]] = (*found.get(named[name], ()), *files)
    return found


def _split_folders(root: Path) -> dict[str, Path]:
    """``{"train": ..., "test": ...}``, or ``{"all": root}`` when the classes are directly below."""
    named = {name: SPLITS[name.lower()] for name in _folders(root) if name.lower() in SPLITS}
    train = next((root / name for name, split in named.items() if split == "train"), None)
    # A class may be called "train" (a vehicle): a split holds folders and no images.
    if train is not None and _folders(train) and not any(map(is_image, train.iterdir())):
        places: dict[str, Path] = {}
        for name, split in named.items():
            if split in places:
                raise DataError(f"folder: {root}: both {places[split].name}/ and {name}/; keep one")
            places[split] = root / name
        return places
    if named and len(named) == len(_folders(root)):
        lack = "train holds no class folders" if train is not None else "there is no train folder"
        raise DataError(f"folder: {root}: {lack}; found {_contents(root)}; {LAYOUTS}")
    return {"all": root}


def _folders(root: Path) -> list[str]:
    return sorted(entry.name for entry in root.iterdir() if not hidden(entry.name) and entry.is_dir())


def _flat(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted(path for path in folder.iterdir() if is_image(path)))


def _contents(root: Path) -> str:
    """``3 images, folders a, b and 4 more`` for an error message."""
    folders = _folders(root)
    images = sum(map(is_image, root.iterdir()))
    shown = ", ".join(f"{name}/ ({len(images_below(root / name))} images)" for name in folders[:5])
    more = f" and {len(folders) - 5} more" if len(folders) > 5 else ""
    return f"{images} images directly in it and {f'the folders {shown}{more}' if folders else 'no folders'}"
