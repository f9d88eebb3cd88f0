"""A set that is measured as a whole: all its images are the test split, and nothing is left to train on."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from tombola.data._base import Images, Splits
from tombola.errors import DataError


def whole(parts: Sequence[Images]) -> Splits:
    """All images of the parts, one after the other, as the test split; asking for others is a `DataError`."""
    test = parts[0] if len(parts) == 1 else Together(tuple(parts))
    left = Nothing(test.classes, test.size)
    return Splits(left, left, test)


@dataclass(frozen=True)
class Together(Images):
    """Several sets of the same classes and size, one after the other."""

    parts: tuple[Images, ...]

    @property
    def labels(self) -> Tensor:  # type: ignore[override]  # read from the parts
        return torch.cat([part.labels for part in self.parts])

    @property
    def classes(self) -> tuple[str, ...]:  # type: ignore[override]
        return self.parts[0].classes

    @property
    def size(self) -> int:  # type: ignore[override]
        return self.parts[0].size

    @property
    def on_disk(self) -> bool:  # type: ignore[override]
        return any(part.on_disk for part in self.parts)

    def pixels_at(self, indices: Tensor) -> Tensor:
        taken = torch.empty((len(indices), 3, self.size, self.size), dtype=torch.uint8)
        for part, start in zip(self.parts, self._starts, strict=True):
            here = (indices >= start) & (indices < start + len(part))
            taken[here] = part.pixels_at(indices[here] - start)
        return taken

    def title_of(self, index: int) -> str:
        part, start = max(
            (pair for pair in zip(self.parts, self._starts, strict=True) if pair[1] <= index), key=lambda pair: pair[1]
        )
        return part.title_of(index - start)

    @property
    def _starts(self) -> list[int]:
        sizes = [len(part) for part in self.parts]
        return [sum(sizes[:place]) for place in range(len(sizes))]


@dataclass(frozen=True)
class Nothing(Images):
    """No images, and whoever looks for some is told why."""

    classes: tuple[str, ...]
    size: int

    @property
    def labels(self) -> Tensor:  # type: ignore[override]
        raise self._why()

    def pixels_at(self, indices: Tensor) -> Tensor:
        del indices
        raise self._why()

    @staticmethod
    def _why() -> DataError:
        return DataError("split=all makes the whole set the test split and leaves nothing to train on; leave it out")
