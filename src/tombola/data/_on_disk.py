"""Image files, decoded whenever they are taken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from tombola.data._base import Images
from tombola.data._decode import decode, in_threads
from tombola.data._files import names_below
from tombola.data._left_out import grouped
from tombola.data._pictures import BROKEN, reason
from tombola.errors import DataError


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
    """``2 broken images in ROOT: 1 image file is truncated: cat/1.jpg; ...``, by reason, the first ones by name."""
    names = names_below(root, files)
    told = grouped({names[index]: why for index, why in bad.items()})
    return f"{len(bad)} broken image{'s' if len(bad) > 1 else ''} in {root}: {told}"
