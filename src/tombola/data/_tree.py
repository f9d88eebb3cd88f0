"""The image files of a folder, by split and class: ``train/cat/1.jpg`` or ``cat/1.jpg``."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tombola.data._image_files import hidden, images_below, is_image
from tombola.errors import DataError

SPLITS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
LAYOUTS = (
    "expected one folder a class (PATH/cat/1.jpg, PATH/dog/2.jpg), or these below PATH/train and PATH/val or PATH/test"
)


@dataclass(frozen=True)
class Tree:
    """The files of each split by class, sorted by name; the only split is ``all`` when there are no split folders.

    Of images without any folder the only class has no name.
    """

    splits: Mapping[str, Mapping[str, tuple[Path, ...]]]
    empty: tuple[str, ...]  # class folders that hold no image

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
    places = _split_folders(root)
    found = {split: {name: images_below(root_ / name) for name in _folders(root_)} for split, root_ in places.items()}
    empty = tuple(f"{places[split].name}/{name}" for split in found for name in found[split] if not found[split][name])
    splits = {split: {name: files for name, files in found[split].items() if files} for split in found}
    tree = Tree(splits, empty)
    if not tree.classes and "all" in places and not found["all"] and (files := _flat(root)):
        return Tree({"all": {"": files}}, ())
    if not tree.classes:
        raise DataError(f"folder: {root}: no class folders with images; found {_contents(root)}; {LAYOUTS}")
    for split, classes in splits.items():
        if unknown := sorted(set(classes) - set(tree.classes)):
            raise DataError(f"folder: {places[split]}: classes that have no training images: {', '.join(unknown)}")
    return tree


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
