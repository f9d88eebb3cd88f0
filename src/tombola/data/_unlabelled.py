"""Images whose labels nobody looks at: what is learned from them comes from the images themselves."""

from dataclasses import dataclass

import torch
from torch import Tensor

from tombola.batch import Batch
from tombola.data._base import Examples, Images, Splits, of_images


@dataclass(frozen=True)
class Unlabelled(Examples):
    """The same images without labels. Their targets are their numbers, by which views of one image are known."""

    images: Images

    @property
    def on_disk(self) -> bool:  # type: ignore[override]  # read from the images
        return self.images.on_disk

    @property
    def size(self) -> int:
        """Height and width in pixels."""
        return self.images.size

    def __len__(self) -> int:
        return len(self.images)

    def take(self, indices: Tensor) -> Batch:
        return Batch(self.images.pixels_at(indices), indices)

    def some(self, indices: Tensor) -> "Unlabelled":
        return Unlabelled(self.images.some(indices))

    def at_once(self, most: int) -> Batch | None:
        found = self.images.at_once(most)
        return None if found is None else found.replace(targets=torch.arange(len(self)))

    def title_of(self, index: int) -> str:
        return self.images.title_of(index)


def images_in(splits: Splits[Examples], who: str) -> Splits:
    """The images of the splits, whether they have labels or not; `DataError` says that ``who`` needs images."""
    found = [part.images if isinstance(part, Unlabelled) else part for part in (splits.train, splits.val, splits.test)]
    return of_images(Splits[Examples](*found), who)
