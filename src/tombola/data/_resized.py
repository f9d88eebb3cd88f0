"""Images of another size than they are held in, resized when they are taken."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

from tombola.data._base import Images, Splits


@dataclass(frozen=True)
class Resized(Images):
    """Another set's images, bilinearly resized; ``crop`` of the side, in the middle, is kept."""

    whole: Images
    size: int
    crop: float = 1.0
    on_disk: bool = True  # resizing takes time, so reading ahead pays

    @property
    def labels(self) -> Tensor:  # type: ignore[override]  # read from the whole
        return self.whole.labels

    @property
    def classes(self) -> tuple[str, ...]:  # type: ignore[override]
        return self.whole.classes

    def title_of(self, index: int) -> str:
        return self.whole.title_of(index)

    def pixels_at(self, indices: Tensor) -> Tensor:
        side = round(self.size / self.crop)
        pixels = F.interpolate(self.whole.pixels_at(indices), (side, side), mode="bilinear", antialias=True)
        start = (side - self.size) // 2
        return pixels[..., start : start + self.size, start : start + self.size].contiguous()


def resized(splits: Splits, size: int, crop: float) -> Splits:
    """The splits at ``size``, validation and test images cropped; as they are where that changes nothing."""
    if size == splits.train.size and crop == 1:
        return splits
    return Splits(Resized(splits.train, size), Resized(splits.val, size, crop), Resized(splits.test, size, crop))
