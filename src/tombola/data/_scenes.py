"""Scenes: images whose every pixel has a class, for segmentation. Pixels of no class are `VOID`, and count for nothing.

What a set of scenes is, how a mask is decoded and resized as its image is, and splits that do not ask for classes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from tombola.data._base import Dataset, Images, InOneShape, Splits, Subset
from tombola.data._decode import decode, in_threads
from tombola.data._pictures import BROKEN, OBLONG, Source, oblong, opened, reason
from tombola.errors import DataError

VOID: Final = 255


class SceneSet(Dataset):
    """A named set of scenes: `Splits` of `Scenes`, whose classes leave out the void."""

    AUGMENT: ClassVar[str] = "flip_scale"
    JUDGED_BY: ClassVar[str] = "mean_iou"


@dataclass(frozen=True)
class Scenes(InOneShape):
    """Images (N, 3, H, W) in memory and ``labels`` (N, H, W), the class of every pixel or `VOID`; both uint8."""


def checked(name: str, scenes: Scenes) -> Scenes:
    """The scenes, as they are; raises `DataError` where masks fit neither the images nor the classes."""
    if scenes.pixels.shape[2:] != scenes.labels.shape[1:] or len(scenes.pixels) != len(scenes.labels):
        images, masks = tuple(scenes.pixels.shape), tuple(scenes.labels.shape)
        raise DataError(f"{name}: images of shape {images} with masks of shape {masks}; every pixel needs its class")
    found = torch.unique(scenes.labels).tolist()
    if strange := [label for label in found if label != VOID and label >= len(scenes.classes)]:
        most = len(scenes.classes) - 1
        raise DataError(f"{name}: masks hold {strange[:5]}; expected classes 0 to {most}, or {VOID} for none")
    return scenes


def decoded(
    images: Sequence[Source], masks: Sequence[Source], shape: tuple[int, int] | None, *, void: int, square: bool = False
) -> tuple[Tensor, Tensor]:
    """Images and masks of one shape: ``shape``, or as they are when that is None; ``void`` in a mask becomes `VOID`.

    Stretched to the shape, or with ``square`` resized by the short side and cropped in the centre; masks by the
    nearest pixel. What cannot be read, or is of another shape than the rest, raises `DataError` by its number.
    """
    found: dict[int, tuple[Tensor, Tensor]] = {}

    def one(index: int) -> None:
        try:
            found[index] = _fitted(decode(images[index], None), _decode_mask(masks[index]), shape, square=square)
        except (*BROKEN, DataError) as error:
            raise DataError(f"scene {_called(images[index], index)}: {reason(error)}") from None

    in_threads(one, len(images), 0)
    shapes = {tuple(image.shape[1:]) for image, _ in found.values()}
    if len(shapes) > 1:
        raise DataError(f"images of {len(shapes)} shapes such as {min(shapes)}; give the shape they should have")
    pixels = torch.stack([found[index][0] for index in range(len(images))])
    labels = torch.stack([found[index][1] for index in range(len(images))])
    return pixels, labels.masked_fill_(labels == void, VOID)


def hold_out_scenes(scenes: Images, fraction: float, seed: int) -> tuple[Images, Images]:
    """``scenes`` in two, the second holding ``fraction`` of them, picked by the seed alone."""
    order = torch.randperm(len(scenes), generator=torch.Generator().manual_seed(seed))
    count = round(fraction * len(scenes))
    return Subset(scenes, order[count:].sort().values), Subset(scenes, order[:count].sort().values)


def held_out_of(found: Mapping[str, Images], fraction: float, seed: int) -> Splits:
    """The splits, validation out of train where there is none."""
    if "val" in found:
        return Splits(found["train"], found["val"], found["test"])
    train, val = hold_out_scenes(found["train"], fraction, seed)
    return Splits(train, val, found["test"])


def some_scenes(scenes: Images, fraction: float, seed: int) -> Images:
    """``fraction`` of the scenes, at least one: seeded, and a smaller part lies in every larger one."""
    order = torch.randperm(len(scenes), generator=torch.Generator().manual_seed(seed))
    return Subset(scenes, order[: max(1, round(fraction * len(scenes)))].sort().values)


def stretched(pixels: Tensor, shape: tuple[int, int]) -> Tensor:
    """uint8 images (N, 3, h, w) at another shape, bilinearly and antialiased."""
    if tuple(pixels.shape[-2:]) == shape:
        return pixels
    return F.interpolate(pixels, size=shape, mode="bilinear", antialias=True, align_corners=False)


def nearest(labels: Tensor, shape: tuple[int, int]) -> Tensor:
    """Masks (N, h, w) at another shape: each pixel takes the class in the middle of what it covers."""
    if tuple(labels.shape[-2:]) == shape:
        return labels
    return F.interpolate(labels[:, None], size=shape, mode="nearest-exact")[:, 0]


def _fitted(image: Tensor, mask: Tensor, shape: tuple[int, int] | None, *, square: bool) -> tuple[Tensor, Tensor]:
    if image.shape[1:] != mask.shape:
        raise DataError(f"the image is {tuple(image.shape[1:])} and its mask {tuple(mask.shape)}")
    if shape is None:
        return image, mask
    if not square:
        return stretched(image[None], shape)[0], nearest(mask[None], shape)[0]
    if oblong(*mask.shape):
        raise DataError(f"the image is {tuple(mask.shape)}: {OBLONG}")
    scale = shape[0] / min(mask.shape)
    tall, wide = (max(shape[0], round(side * scale)) for side in mask.shape)
    top, left = (tall - shape[0]) // 2, (wide - shape[1]) // 2
    rows, columns = slice(top, top + shape[0]), slice(left, left + shape[1])
    return (
        stretched(image[None], (tall, wide))[0, :, rows, columns],
        nearest(mask[None], (tall, wide))[0, rows, columns],
    )


def _decode_mask(source: Source) -> Tensor:
    """A mask as uint8 (H, W): the numbers of a palette or of grays, not its colours."""
    with opened(source) as file:
        if file.mode not in ("L", "P", "1"):
            raise DataError(f"its mask is {file.mode}; expected one number a pixel, as gray or by a palette")
        return torch.from_numpy(np.array(file, dtype=np.uint8))


def _called(source: Source, index: int) -> str:
    return source.name if isinstance(source, Path) else f"number {index}"


def not_empty(name: str, splits: Splits) -> Splits:
    """The splits, as they are; raises `DataError` where one of them holds nothing."""
    for split, images in (("training", splits.train), ("validation", splits.val), ("test", splits.test)):
        if len(images) == 0:
            raise DataError(f"{name}: the {split} split is empty; give the data more images, or another val_fraction")
    return splits
