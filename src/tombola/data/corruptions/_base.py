"""The contract of a corruption: a common damage to pictures, at one of five published severities.

The published constants are those of CIFAR-10-C (32 pixels), Tiny-ImageNet-C (64) and ImageNet-C (224); images of
another size get the constants of the nearest, by ratio. Pictures are made here when asked for. They are not the stored
files of those sets, on whose exact bytes other papers' numbers rest.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final, TypeAlias, final

import torch
from torch import Tensor

from tombola.data.corruptions._streams import Streams, streams
from tombola.errors import DataError, RequestError
from tombola.registry import Family, Member

Setting: TypeAlias = tuple[float, ...]
"""The constants of one severity."""
Levels: TypeAlias = Mapping[int, tuple[Setting, Setting, Setting, Setting, Setting]]
"""Five settings, mildest first, by the image size in pixels that they were published for."""

FIFTEEN: Final = (
    "gaussian_noise",
    "shot_noise",
    "impulse_noise",
    "defocus_blur",
    "glass_blur",
    "motion_blur",
    "zoom_blur",
    "snow",
    "frost",
    "fog",
    "brightness",
    "contrast",
    "elastic",
    "pixelate",
    "jpeg",
)
"""The benchmark's corruptions in its order; a member added beside them is not one of these."""
SEVERITIES: Final = (1, 2, 3, 4, 5)

_SMALLEST = 4  # pixels a side
_AT_A_TIME = 1 << 20  # numbers: larger batches only fall out of the processor's cache


class Corruption(Member):
    """Damages pictures; each draws from its own random numbers, whatever is corrupted beside it."""

    family: ClassVar[Family] = Family("corruptions", "tombola.data.corruptions")

    LEVELS: ClassVar[Levels]

    @abstractmethod
    def change(self, x: Tensor, setting: Setting, own: Streams) -> Tensor:
        """Images (N, 3, S, S) in float64, damaged; x is in [0, 1] and left alone, what leaves [0, 1] is cut later.

        All in float64, so that rounding to bytes does not depend on how a product of matrices was split.
        """

    @final
    def corrupt(self, pixels: Tensor, severity: int, *, seed: int = 0, places: Sequence[int] | None = None) -> Tensor:
        """uint8 images (N, 3, S, S) damaged, as new uint8 images on the CPU; rounded to nearest, halves up.

        ``places`` are the images' places in their set (left out: 0, 1, ...). With the seed they decide what is drawn
        for each, so any batch gives an image the same damage. The severity does not: it changes strength, not luck.
        """
        size = _checked(pixels, severity)
        setting = self.LEVELS[self.published(size)][severity - 1]
        own = streams(seed, self.name, range(len(pixels)) if places is None else places)
        if len(own) != len(pixels):
            raise RequestError(f"{len(pixels)} images and {len(own)} places; give one place an image")
        step = max(1, _AT_A_TIME // (3 * size * size))
        done = [
            to_bytes(self.change(pixels[at : at + step].cpu().double() / 255, setting, own[at : at + step]))
            for at in range(0, len(pixels), step)
        ]
        return torch.cat(done) if done else pixels.cpu().clone()

    @final
    def published(self, size: int) -> int:
        """The published size, 32, 64 or 224, whose constants images of this size get."""
        return nearest(size, self.LEVELS)


def nearest(size: int, sizes: Mapping[int, object]) -> int:
    """The size whose ratio to ``size`` is nearest to 1; the smaller of two."""
    return min(sorted(sizes), key=lambda known: max(known / size, size / known))


def each(*values: float) -> tuple[Setting, Setting, Setting, Setting, Setting]:
    """Five settings of one number each."""
    first, second, third, fourth, fifth = values
    return (first,), (second,), (third,), (fourth,), (fifth,)


def to_bytes(x: Tensor) -> Tensor:
    """Images in [0, 1], which is enforced, as uint8: rounded to nearest, a half upwards."""
    # A little more than a half, so that a half that arithmetic just missed goes up as well.
    return (x.clamp(0, 1) * 255 + (0.5 + 1e-6)).floor().to(torch.uint8)


def _checked(pixels: Tensor, severity: int) -> int:
    """The images' side; raises what is wrong with them or with the severity."""
    if severity not in SEVERITIES:
        raise RequestError(f"severity={severity}: write 1 (mild) to 5 (hard)")
    if pixels.dtype != torch.uint8 or pixels.ndim != 4 or pixels.shape[1] != 3 or pixels.shape[2] != pixels.shape[3]:
        raise DataError(
            f"corruptions take uint8 images of shape (N, 3, S, S), these are {pixels.dtype} {tuple(pixels.shape)}"
        )
    if pixels.shape[3] < _SMALLEST:
        raise DataError(f"images of {pixels.shape[3]} pixels are too small to corrupt; {_SMALLEST} or more are needed")
    return int(pixels.shape[3])
