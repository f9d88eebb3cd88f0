"""Sets in ``.npz`` files whose images have any one shape: their options, their files, and how splits come of them."""

from abc import abstractmethod
from pathlib import Path
from typing import ClassVar, final

from pydantic import model_validator

from tombola.data._base import Dataset, InOneShape, Splits
from tombola.data._scenes import held_out_of, not_empty
from tombola.data.pack import pack_files
from tombola.errors import DataError
from tombola.spec import Json, file_digest, option


class InPacks(Dataset):
    """A file a split, validation out of train where there is none."""

    ARGUMENT: ClassVar[str | None] = "path"

    path: Path = option(help="a folder, or folder/prefix; a copy elsewhere is the same set", identity=False)
    height: int | None = option(None, "rows of pixels; empty: as they are", ge=8, le=4096)
    width: int | None = option(None, "columns of pixels; empty: as they are", ge=8, le=4096)
    val_fraction: float = option(0.1, "the share of the training images held out, where there is no split", gt=0, lt=1)
    seed: int = option(0, "which split, where there is none", ge=0)

    @model_validator(mode="after")
    def _both(self) -> "InPacks":
        if (self.height is None) != (self.width is None):
            raise ValueError("height and width go together; write both, or neither")
        return self

    def files(self) -> dict[str, Path]:
        """The file of each split."""
        files = pack_files(self.path.expanduser().absolute())
        if "all" in files:
            raise DataError(f"{self.name}: {files['all']} is one file; expected NAME_train*.npz with NAME_test*.npz")
        return files

    @final
    def identity(self) -> dict[str, Json]:
        """Its options and the sha256 of its files, wherever they lie."""
        content: dict[str, Json] = {split: file_digest(file) for split, file in self.files().items()}
        return {**super().identity(), "content": content}

    @final
    def load(self) -> Splits:
        shape = None if self.height is None or self.width is None else (self.height, self.width)
        found = {split: self.read(file, shape) for split, file in self.files().items()}
        if len({(part.classes, tuple(part.pixels.shape[2:])) for part in found.values()}) > 1:
            raise DataError(f"{self.name}: {self.path}: the files have different classes or shapes; give height, width")
        return not_empty(self.name, held_out_of(found, self.val_fraction, self.seed))

    @abstractmethod
    def read(self, file: Path, shape: tuple[int, int] | None) -> InOneShape:
        """What one file holds; raises `DataError` for a file that is not one."""
