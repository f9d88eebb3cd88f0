"""Images and their boxes brought to one shape: made to fit in it with their aspect kept, black beside them."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from tombola.data._boxes import require_pixels
from tombola.data._decode import decode, in_threads
from tombola.data._npz import require_room
from tombola.data._pictures import BROKEN, Source, reason
from tombola.data._scenes import stretched
from tombola.errors import DataError


def read_boxed(
    name: str, sources: Sequence[Source], boxes: Sequence[Tensor], shape: tuple[int, int] | None
) -> tuple[Tensor, list[Tensor], list[str]]:
    """Images (N, 3, H, W) of ``shape``, or as they are when that is None, their boxes moved alike, and their names.

    Raises `DataError` for what cannot be read, by its name, and for images of several shapes where none is asked for.
    """
    require_pixels(boxes, name)  # of the edges as they are written: enlarged, shares would reach beyond 1
    called = [source.name if isinstance(source, Path) else f"image {index}" for index, source in enumerate(sources)]
    if shape is not None:
        require_room(3 * len(sources) * shape[0] * shape[1], f"{name}: {len(sources):,} images")
    found: dict[int, tuple[Tensor, Tensor]] = {}

    def one(index: int) -> None:
        try:
            found[index] = fitted(decode(sources[index], None), boxes[index], shape)
        except BROKEN as error:
            raise DataError(f"{name}: {called[index]}: {reason(error)}") from None

    in_threads(one, len(sources), 0)
    shapes = {tuple(image.shape[1:]) for image, _ in found.values()}
    if len(shapes) > 1:
        raise DataError(f"{name}: images of {len(shapes)} shapes such as {min(shapes)}; give height and width")
    pixels = (
        torch.stack([found[index][0] for index in range(len(sources))]) if found else torch.empty(0, 3, 8, 8).byte()
    )
    return pixels, [found[index][1] for index in range(len(sources))], called


def fitted(image: Tensor, boxes: Tensor, shape: tuple[int, int] | None) -> tuple[Tensor, Tensor]:
    """An image (3, h, w) made to fit in ``shape`` in the upper left corner, black beside it, and its boxes (M, 5)."""
    height, width = image.shape[1:]
    if shape is None or (height, width) == shape:
        return image, boxes
    scale = min(shape[0] / height, shape[1] / width)
    tall, wide = (max(1, min(most, round(side * scale))) for side, most in ((height, shape[0]), (width, shape[1])))
    canvas = image.new_zeros(3, *shape)
    canvas[:, :tall, :wide] = stretched(image[None], (tall, wide))[0]
    edges = boxes.float().minimum(torch.tensor([torch.inf, width, height, width, height]))  # not into the black
    moved = edges * torch.tensor([1, wide / width, tall / height, wide / width, tall / height])
    return canvas, moved
