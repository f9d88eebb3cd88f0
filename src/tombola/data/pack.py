"""Pack: a whole image set in one or a few ``.npz`` files.

What: reads encoded bytes (``data``, ``offsets``), lossless sheets of tiles (``sheets``, ``sheet_offsets``, ``tile``),
each with ``labels`` and ``classes``, and plain arrays (``x``, ``y``); gray becomes RGB. ``PATH`` is one file (test and
validation are drawn once by ``seed``), a folder, or ``folder/prefix`` of ``prefix_train*.npz`` with
``prefix_test*.npz`` or ``prefix_val*.npz``. Validation comes out of train, unless there are all three; where only val
stands beside train it is the test split.
When: sets that travel as one file and load in a second; write ``pack:PATH``. A segmentation set is ``scene_pack:PATH``.
Cost: decoded once into memory, three bytes a pixel.
Options: ``path``; ``size``, None as they are; ``num_train``, a subset of equal shares of every class; ``val_fraction``,
``test_fraction``, ``seed``; ``split``: measure the test split, or all images;
``verify``: check the digest of the decoded pixels where the pack states one.
Reference: Tombola's own; a dozen lines of numpy read it.
"""

import re
from collections.abc import Collection
from pathlib import Path
from typing import ClassVar, Literal, Self

from tombola.data._base import Dataset, Splits, hold_out, stratified
from tombola.data._coverage import require_every_class, say_untested
from tombola.data._examples import image_pack
from tombola.data._packs import read_pack
from tombola.data._whole import whole
from tombola.errors import DataError
from tombola.spec import Json, file_digest, option

NAMED = re.compile(r"(?P<prefix>.+?)_(?P<split>train|val|test)(?:[\d_.-].*)?\.npz")


class Pack(Dataset):
    """Images packed into ``.npz`` files."""

    ARGUMENT: ClassVar[str | None] = "path"

    path: Path = option(help="a .npz, a folder, or folder/prefix; a copy elsewhere is the same set", identity=False)
    size: int | None = option(None, "height and width in pixels; None as they are", ge=8, le=1024)
    num_train: int | None = option(None, "images to train on; None takes all", ge=1)
    val_fraction: float = option(0.1, "the share of the training images held out, where there is no split", gt=0, lt=1)
    test_fraction: float = option(0.2, "the share of all images held out, where there is no split", gt=0, lt=1)
    seed: int = option(0, "which split and which subset", ge=0)
    verify: bool = option(default=True, help="check the digest of the decoded pixels", identity=False)
    split: Literal["test", "all"] = option(
        "test", "what is measured: the test split, or all images (none is left to train on)", absent="test"
    )

    @classmethod
    def examples(cls, folder: Path) -> list[Self]:
        return [cls(path=image_pack(folder))]

    def files(self) -> dict[str, Path]:
        """The file of each split, or the only one under ``all``."""
        return pack_files(self.path.expanduser().absolute())

    def identity(self) -> dict[str, Json]:
        """Its options and the sha256 of its files, wherever they lie."""
        content: dict[str, Json] = {split: file_digest(file) for split, file in self.files().items()}
        return {**super().identity(), "content": content}

    def tested(self) -> str:
        if self.split == "all":
            return f"all images of {self.path}"
        if "all" not in (files := self.files()):
            return files["test"].name
        return f"{self.test_fraction:.0%} of {self.path}, drawn by seed {self.seed} (split=all takes the whole)"

    def given(self) -> Collection[str]:
        return self.files().keys() & {"test", "val"}

    def load(self) -> Splits:
        files = self.files()
        parts = {split: read_pack(file, size=self.size, verify=self.verify) for split, file in files.items()}
        classes = {part.classes for part in parts.values()}
        sides = {part.size for part in parts.values()}
        if len(classes) > 1 or len(sides) > 1:
            differ = "classes" if len(classes) > 1 else "sizes (give size=...)"
            raise DataError(f"pack: {', '.join(file.name for file in files.values())} have different {differ}")
        if self.split == "all":
            return whole(list(parts.values()))
        every = parts.get("all")
        require_every_class(f"pack: {self.path}", every or parts["train"])
        rest, test = hold_out(every, self.test_fraction, self.seed) if every else (parts["train"], parts["test"])
        train, val = (rest, parts["val"]) if "val" in parts else hold_out(rest, self.val_fraction, self.seed)
        chosen = train if self.num_train is None else stratified(train, self.num_train, self.seed)
        return say_untested(f"pack: {self.path}", Splits(chosen, val, test))


def pack_files(path: Path) -> dict[str, Path]:
    """``{"all": file}``, or train and test and perhaps val; raises `DataError` saying what was found."""
    if path.is_file():
        return {"all": path}
    folder, prefix = (path, "") if path.is_dir() else (path.parent, path.name)
    here = sorted(folder.glob("*.npz")) if folder.is_dir() else []
    found = [file for file in here if not prefix or file.name == f"{prefix}.npz" or _prefix(file) == prefix]
    if len(found) == 1:
        return {"all": found[0]}
    splits: dict[str, Path] = {}
    for file in found:
        if (match := NAMED.fullmatch(file.name)) is None:
            continue
        if match["split"] in splits:
            names = f"{splits[match['split']].name} and {file.name}"
            raise DataError(f"pack: {path}: which one, {names}? Name the set, as in pack:{folder / match['prefix']}")
        splits[match["split"]] = file
    if "test" not in splits and "val" in splits:
        splits["test"] = splits.pop("val")
    if not {"train", "test"} <= set(splits):
        seen = ", ".join(file.name for file in here[:8]) or "no .npz files"
        raise DataError(f"pack: {path}: expected one .npz, or NAME_train*.npz with NAME_test*.npz; found {seen}")
    return splits


def _prefix(file: Path) -> str:
    match = NAMED.fullmatch(file.name)
    return match["prefix"] if match else ""
