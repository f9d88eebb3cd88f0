"""Batches of a set on a device, one pass in a given order. What trains has its own feed, which knows epochs.

What: `batches` yields ``(x, labels)``, x as float32 in [0, 1] and channels-last.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from tombola.data._base import Images
from tombola.errors import DataError


def batches(
    images: Images, batch: int, *, device: str | torch.device = "cpu", order: Tensor | None = None
) -> Iterator[tuple[Tensor, Tensor]]:
    """The images in ``order`` (as they lie when None), the last batch smaller; read one ahead when they are on disk."""
    order = torch.arange(len(images)) if order is None else order
    parts = list(torch.split(order, batch)) if len(order) else []
    labels = images.labels
    for part, pixels in zip(parts, _taken(images, parts), strict=True):
        yield to_float(pixels, device), labels[part].to(device)


def to_float(pixels: Tensor, device: str | torch.device = "cpu") -> Tensor:
    """uint8 images as float32 in [0, 1] on ``device``, channels-last. Bytes travel, floats are made on arrival.

    Raises `DataError` for anything but bytes: numbers of another kind would end outside [0, 1], or as black images.
    """
    if pixels.dtype != torch.uint8:
        raise DataError(f"images are uint8, 0 to 255, and a data set gave {pixels.dtype}; give (255 * x).byte()")
    there = pixels.to(device, non_blocking=True).contiguous(memory_format=torch.channels_last)
    return there.float().div_(255)


def _taken(images: Images, parts: list[Tensor]) -> Iterator[Tensor]:
    if not images.on_disk:
        yield from map(images.take, parts)
        return
    with ThreadPoolExecutor(1) as reader:
        ahead = [reader.submit(images.take, part) for part in parts[:1]]
        for part in parts[1:]:
            pixels = ahead.pop().result()
            ahead.append(reader.submit(images.take, part))
            yield pixels
        for last in ahead:
            yield last.result()
