"""Folder: your own images, one folder a class, or with a table that says their classes.

What: the ImageFolder layout, either ``PATH/cat/1.jpg`` (test and validation are drawn once by ``seed``, in equal shares
of every class) or ``PATH/train/cat/1.jpg`` with ``PATH/test`` or ``PATH/val`` (then validation comes from train; where
only ``val`` stands beside ``train``, as in ImageNet, it is the test split). With ``labels=FILE.csv`` (.tsv, .jsonl,
.parquet) images lie anywhere below PATH, and a table in it says each one's class, and its split where it has such a
column. Images in no folders, ``PATH/1.jpg``, have no labels: they serve ``contrastive:folder:PATH``, and what asks for
labels refuses them. Images are turned as their EXIF says, made RGB (transparent parts over white), the first of an
animation taken, their short side resized to ``size`` and the centre cropped.
When: any images on disk; write ``folder:PATH``.
Cost: a set that fits ``in_memory_mb`` is decoded once; a larger one whenever images are taken, in threads. Every key
reads the names and sizes of all files, and the contents up to a gigabyte.
Options: ``path``, ``size``, ``val_fraction``, ``test_fraction``, ``seed``; ``split``: measure the test split, or all
images; ``broken``: an image that cannot be decoded is refused by name, or skipped with a warning (a large set is then
decoded once to find them); ``labels``, and its columns ``file`` and ``label`` where they have unusual names;
``alike``: images that look alike may be on both sides of a split, or are kept on one (all images are decoded once to
find them); ``in_memory_mb``, ``workers``.
Reference: the layout of torchvision's ImageFolder.
"""

import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Literal, Self

import torch
from torch import Tensor

from tombola.data._base import Dataset, Examples, Images, InMemory, Splits
from tombola.data._coverage import say_untested
from tombola.data._decode import decode_all, find_broken
from tombola.data._examples import class_folders
from tombola.data._files import files_identity, names_below
from tombola.data._folder_parts import Looks, Part, apart, looks_of, said_alike
from tombola.data._label_tables import Columns, labelled_tree
from tombola.data._left_out import grouped
from tombola.data._on_disk import OnDisk, named
from tombola.data._tree import NO_IMAGE, Tree, read_tree
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

    labels: str | None = option(
        None, "a table in the folder that says the images' classes: FILE.csv, .tsv, .jsonl or .parquet", absent=None
    )
    file: str = option("", "the table's column that names files; empty: by its usual names", absent="")
    label: str = option("", "the table's column that says the class; empty: by its usual names", absent="")
    alike: Literal["anywhere", "together"] = option(
        "anywhere", "images that look alike: on any side of a split, or all on one", absent="anywhere"
    )

    @classmethod
    def examples(cls, folder: Path) -> list[Self]:
        return [cls(path=class_folders(folder), size=16)]

    @property
    def root(self) -> Path:
        return self.path.expanduser().absolute()

    def identity(self) -> dict[str, Json]:
        """Its options and its files by relative name, size and content, so that changed files are another set."""
        table = [] if self.labels is None else [self.root / self.labels]
        return {**super().identity(), "content": files_identity(self.root, [*self._tree().files, *table])}

    def load(self) -> Splits[Examples]:
        tree = self._tree()
        if tree.empty:
            warnings.warn(f"folder: class folders without images are left out: {', '.join(tree.empty)}", stacklevel=2)
        looks = looks_of(tree.files, self.workers) if self.alike == "together" else None
        broken, left = dict[Path, str](), dict(tree.left)
        parts = {split: self._part(tree, split, looks, broken) for split in tree.splits}
        if looks is not None:
            parts, others = apart(parts, looks, self.root)
            left.update(others)
            self._say_alike(parts)
        self._say_left(self._names(left))
        splits, names = self._splits(parts), self._names({**left, **broken})
        if not tree.flat:
            return replace(splits, left_out=names)
        return Splits[Examples](*map(Unlabelled, (splits.train, splits.val, splits.test)), left_out=names)

    def tested(self) -> str:
        if self.split == "all":
            return f"all images of {self.path}"
        found = self._tree().splits
        if own := next((name for name in ("test", "val") if name in found), None):
            return f"the {'folder' if self.labels is None else 'split'} {own} of {self.path}"
        return f"{self.test_fraction:.0%} of {self.path}, drawn by seed {self.seed} (split=all takes the whole)"

    def given(self) -> Collection[str]:
        found = self._tree().splits.keys() & {"test", "val"}
        return found if len(found) != 1 else ["test"]

    def _tree(self) -> Tree:
        if self.labels is None:
            return read_tree(self.root)
        return labelled_tree(self.root, self.labels, Columns(self.file, self.label))

    def _splits(self, parts: Mapping[str, Part]) -> Splits:
        if self.split == "all":
            return whole([part.images for part in parts.values()])
        every = parts["all"] if "all" in parts else parts["train"]
        held = parts["test"] if "test" in parts else parts.get("val")
        rest, test = (every, held) if held is not None else every.parted(self.test_fraction, self.seed)
        both = "val" in parts and "test" in parts
        train, val = (rest, parts["val"]) if both else rest.parted(self.val_fraction, self.seed)
        splits = Splits(train.images, val.images, test.images)
        return say_untested(f"folder: {self.root}", self._checked(splits))

    def _part(self, tree: Tree, split: str, looks: Looks | None, broken: dict[Path, str]) -> Part:
        """A split's usable images; the others are refused by name, or noted in ``broken``."""
        files, labels = tree.labelled(split)
        pixels, bad = None, dict[int, str]()
        if len(files) * 3 * self.size**2 <= self.in_memory_mb * 1_000_000:
            pixels, bad = decode_all(files, self.size, self.workers)
        elif looks is not None:
            bad = {index: looks.broken[file] for index, file in enumerate(files) if file in looks.broken}
        elif self.broken == "skip":
            bad = find_broken(files, self.workers)
        self._refuse_or_say(files, bad)
        broken.update({files[index]: why for index, why in bad.items()})
        good = torch.tensor([index for index in range(len(files)) if index not in bad], dtype=torch.int64)
        kept = tuple(files[index] for index in good.tolist())
        images = self._images(kept, torch.tensor(labels, dtype=torch.int64)[good], tree.classes, _chosen(pixels, good))
        return Part(images, kept, torch.arange(len(kept)) if looks is None else looks.of(kept))

    def _images(
        self, files: tuple[Path, ...], labels: Tensor, classes: tuple[str, ...], pixels: Tensor | None
    ) -> Images:
        if pixels is None:
            return OnDisk(files, labels, classes, self.size, self.workers)
        return InMemory(pixels, labels, classes, tuple(names_below(self.root, files)))

    def _refuse_or_say(self, files: Sequence[Path], bad: Mapping[int, str]) -> None:
        if bad:
            report = named(self.root, files, bad)
            if self.broken == "refuse":
                raise DataError(f"folder: {report}; mend or remove them, or write broken=skip to go on without")
            warnings.warn(f"folder: skipped {report}", stacklevel=3)

    def _say_alike(self, parts: Mapping[str, Part]) -> None:
        if told := said_alike(parts, self.root):
            warnings.warn(f"folder: {told}; each group is kept on one side of a split", stacklevel=3)

    def _say_left(self, left: Mapping[str, str]) -> None:
        """Warns of files that lie where they cannot be used; that others are no images is no surprise."""
        if told := {name: why for name, why in left.items() if why != NO_IMAGE}:
            warnings.warn(f"folder: left out of {self.root}: {grouped(told)}", stacklevel=3)

    def _names(self, left: Mapping[Path, str]) -> dict[str, str]:
        return dict(zip(names_below(self.root, list(left)), left.values(), strict=True))

    def _checked(self, splits: Splits) -> Splits:
        for name, images in (("training", splits.train), ("validation", splits.val), ("test", splits.test)):
            if len(images) == 0:
                raise DataError(
                    f"folder: {self.root}: too few images for a {name} split;"
                    " raise val_fraction or test_fraction, or add images"
                )
        return splits


def _chosen(pixels: Tensor | None, good: Tensor) -> Tensor | None:
    return pixels if pixels is None or len(good) == len(pixels) else pixels[good]
