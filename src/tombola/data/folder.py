"""Folder: your own images, one folder a class.

What: the ImageFolder layout, either ``PATH/cat/1.jpg`` (test and validation are drawn once by ``seed``, in equal shares
of every class) or ``PATH/train/cat/1.jpg`` with ``PATH/test`` or ``PATH/val`` (then validation comes from train; where
only ``val`` stands beside ``train``, as in ImageNet, it is the test split). Images in no folders, ``PATH/1.jpg``, have
no labels: they serve ``contrastive:folder:PATH``, and what asks for labels refuses them. Images are turned as their
EXIF says, made RGB (transparent parts over white), their short side resized to ``size`` and the centre cropped.
When: any images on disk; write ``folder:PATH``.
Cost: a set that fits ``in_memory_mb`` is decoded once; a larger one whenever images are taken, in threads. Every key
reads the names and sizes of all files, and the contents up to a gigabyte.
Options: ``path``, ``size``, ``val_fraction``, ``test_fraction``, ``seed``; ``split``: measure the test split, or all
images; ``broken``: an image that cannot be decoded is refused by name, or skipped with a warning (a large set is then
decoded once to find them); ``in_memory_mb``, ``workers``.
Reference: the layout of torchvision's ImageFolder.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, Self

import torch
from torch import Tensor

from tombola.data._base import Dataset, Examples, Images, InMemory, Splits, hold_out
from tombola.data._coverage import say_untested
from tombola.data._decode import decode, decode_all, find_broken, in_threads
from tombola.data._examples import class_folders
from tombola.data._files import files_identity
from tombola.data._pictures import BROKEN, reason
from tombola.data._tree import Tree, read_tree
from tombola.data._unlabelled import Unlabelled
from tombola.data._whole import whole
from tombola.errors import DataError
from tombola.spec import Json, option


class Folder(Dataset):
    """Images on disk, one folder a class."""

    ARGUMENT: ClassVar[str | None] = "path"
    AUGMENT: ClassVar[str] = "rrc"

    path: Path = option(help="the folder; a copy of it elsewhere is the same set", identity=False)
    size: int = option(224, "height and width in pixels", ge=8, le=1024)
    val_fraction: float = option(0.1, "the share of the training images held out, where there is no split", gt=0, lt=1)
    test_fraction: float = option(0.2, "the share of all images held out, where there is no split", gt=0, lt=1)
    seed: int = option(0, "which split", ge=0)
    broken: Literal["refuse", "skip"] = option("refuse", "what to do about undecodable images", identity=False)
    in_memory_mb: int = option(2048, "the largest split that is decoded once and kept", ge=0, identity=False)
    workers: int = option(0, "threads that decode; 0 takes one a core, 16 at most", ge=0, le=256, identity=False)
    split: Literal["test", "all"] = option(
        "test",
        "what is measured: the test split, or all images (none is left to train on)",
        absent="test",
    )

    @classmethod
    def examples(cls, folder: Path) -> list[Self]:
        return [cls(path=class_folders(folder), size=16)]

    @property
    def root(self) -> Path:
        return self.path.expanduser().absolute()

    def identity(self) -> dict[str, Json]:
        """Its options and its files by relative name, size and content, so that changed files are another set."""
        return {**super().identity(), "content": files_identity(self.root, read_tree(self.root).files)}

    def load(self) -> Splits[Examples]:
        tree = read_tree(self.root)
        splits = self._splits(tree)
        if not tree.flat:
            return splits
        return Splits[Examples](*map(Unlabelled, (splits.train, splits.val, splits.test)))

    def _splits(self, tree: Tree) -> Splits:
        if tree.empty:
            warnings.warn(f"folder: class folders without images are left out: {', '.join(tree.empty)}", stacklevel=2)
        parts = {split: self._images(tree, split) for split in tree.splits}
        if self.split == "all":
            return whole(list(parts.values()))
        every = parts["all"] if "all" in parts else parts["train"]
        held = parts["test"] if "test" in parts else parts.get("val")
        rest, test = (every, held) if held is not None else hold_out(every, self.test_fraction, self.seed)
        both = "val" in parts and "test" in parts
        train, val = (rest, parts["val"]) if both else hold_out(rest, self.val_fraction, self.seed)
        return say_untested(f"folder: {self.root}", self._checked(Splits(train, val, test)))

    def tested(self) -> str:
        found = read_tree(self.root).splits
        if self.split == "all":
            return f"all images of {self.path}"
        if own := next((name for name in ("test", "val") if name in found), None):
            return f"the folder {own} of {self.path}"
        return f"{self.test_fraction:.0%} of {self.path}, drawn by seed {self.seed} (split=all takes the whole)"

    def _images(self, tree: Tree, split: str) -> Images:
        files, labels = tree.labelled(split)
        if len(files) * 3 * self.size**2 <= self.in_memory_mb * 1_000_000:
            pixels, bad = decode_all(files, self.size, self.workers)
            good = self._usable(files, bad)
            return InMemory(
                pixels if not bad else pixels[good],
                torch.tensor(labels, dtype=torch.int64)[good],
                tree.classes,
                tuple(files[index].relative_to(self.root).as_posix() for index in good.tolist()),
            )
        good = self._usable(files, find_broken(files, self.workers) if self.broken == "skip" else {})
        kept = tuple(files[index] for index in good.tolist())
        return OnDisk(kept, torch.tensor(labels, dtype=torch.int64)[good], tree.classes, self.size, self.workers)

    def _usable(self, files: Sequence[Path], bad: Mapping[int, str]) -> Tensor:
        """The indices of the images that can be read; refuses the others, or warns of them."""
        if bad:
            report = named(self.root, files, bad)
            if self.broken == "refuse":
                raise DataError(f"folder: {report}; mend or remove them, or write broken=skip to go on without")
            warnings.warn(f"folder: skipped {report}", stacklevel=2)
        return torch.tensor([index for index in range(len(files)) if index not in bad], dtype=torch.int64)

    def _checked(self, splits: Splits) -> Splits:
        for name, images in (("training", splits.train), ("validation", splits.val), ("test", splits.test)):
            if len(images) == 0:
                raise DataError(
                    f"folder: {self.root}: too few images for a {name} split;"
                    " raise val_fraction or test_fraction, or add images"
                )
        return splits


@dataclass(frozen=True)
class OnDisk(Images):
    """Image files, decoded whenever they are taken."""

    files: tuple[Path, ...]
    labels: Tensor
    classes: tuple[str, ...]
    size: int
    workers: int = 0
    on_disk: bool = True
    crop: float = 1.0  # the share of the short side that is kept
    called: str = "folder"
    remedy: str = "write broken=skip"

    def title_of(self, index: int) -> str:
        """By its class folder's name and its own."""
        return "/".join(self.files[index].parts[-2:])

    def pixels_at(self, indices: Tensor) -> Tensor:
        chosen = indices.tolist()
        pixels = torch.empty((len(chosen), 3, self.size, self.size), dtype=torch.uint8)

        def one(place: int) -> None:
            file = self.files[chosen[place]]
            try:
                pixels[place] = decode(file, self.size, self.crop)
            except BROKEN as error:
                raise DataError(f"{self.called}: broken image {file}: {reason(error)}; {self.remedy}") from None

        in_threads(one, len(chosen), self.workers)
        return pixels


def named(root: Path, files: Sequence[Path], bad: Mapping[int, str]) -> str:
    """``2 broken images in ROOT: cat/1.jpg (image file is truncated), ...``, the first ten by name."""
    shown = ", ".join(f"{files[index].relative_to(root).as_posix()} ({why})" for index, why in list(bad.items())[:10])
    more = f" and {len(bad) - 10} more" if len(bad) > 10 else ""
    return f"{len(bad)} broken image{'s' if len(bad) > 1 else ''} in {root}: {shown}{more}"
