"""The options of sets of generated shapes: how many images of which size, and how hard they are to tell."""

from abc import abstractmethod
from typing import ClassVar, final

import torch

from tombola.data._base import Dataset, Images, Splits
from tombola.registry import Examples
from tombola.spec import option


class DrawnShapes(Dataset):
    """Images made here, each split by a generator of its own."""

    MADE_HERE: ClassVar[bool] = True
    AUGMENT: ClassVar[str] = "flip"
    EXAMPLES: ClassVar[Examples] = ({"size": 16, "num_train": 6, "num_val": 2, "num_test": 4},)

    size: int = option(32, "height and width in pixels", ge=8, le=256)
    num_train: int = option(800, "training images", ge=1)
    num_val: int = option(100, "validation images", ge=1)
    num_test: int = option(200, "test images", ge=1)
    noise: float = option(0.08, "the standard deviation of the noise, in [0, 1] pixel units", ge=0, le=0.5)
    hint: float = option(0.6, "how much of a shape's colour is its class's", ge=0, le=1)
    seed: int = option(0, "which draw", ge=0)

    @final
    def load(self) -> Splits:
        generators = (torch.Generator().manual_seed(self.seed * 3 + split) for split in range(3))
        counts = (self.num_train, self.num_val, self.num_test)
        return Splits(*(self.drawn(*one) for one in zip(counts, generators, strict=True)))

    @abstractmethod
    def drawn(self, count: int, generator: torch.Generator) -> Images:
        """So many images with what is asked of them."""
