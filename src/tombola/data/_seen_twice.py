"""Images of which each is seen in two views, the same ones every time: what learning without labels is judged on."""

from dataclasses import dataclass

import torch
from torch import Tensor

from tombola.batch import Batch, to_float
from tombola.data._base import Examples, Images
from tombola.data._views import Looks, drawn, viewed


@dataclass(frozen=True)
class SeenTwice(Examples):
    """Views of images, two of each image one after the other; targets are the images' numbers, nobody sees labels."""

    images: Images
    how: Looks
    of: Tensor  # the image of each view
    luck: Tensor  # the numbers each view is made by

    @classmethod
    def drawn_by(cls, images: Images, how: Looks, seed: int) -> "SeenTwice":
        """All images, in views drawn from ``seed``."""
        luck = drawn(2 * len(images), generator=torch.Generator().manual_seed(seed))
        return cls(images, how, torch.arange(len(images)).repeat_interleave(2), luck)

    @property
    def on_disk(self) -> bool:  # type: ignore[override]  # read from the images
        return self.images.on_disk

    def __len__(self) -> int:
        return len(self.of)

    def take(self, indices: Tensor) -> Batch:
        of = self.of[indices]
        views = viewed(to_float(self.images.pixels_at(of)), self.luck[indices], self.how)
        return Batch(views.mul_(255).round_().byte(), of)

    def some(self, indices: Tensor) -> "SeenTwice":
        return SeenTwice(self.images, self.how, self.of[indices], self.luck[indices])

    def title_of(self, index: int) -> str:
        return self.images.title_of(int(self.of[index]))
