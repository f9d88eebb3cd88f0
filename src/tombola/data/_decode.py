"""Encoded images to uint8 tensors: upright, RGB, short side resized, centre cropped; one, or many in threads."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import torch
from torch import Tensor

from tombola.data._pictures import BROKEN, Source, pixels_of, reason

_TURNS: Final = 4096
"""A thread takes several images at a time where there are more: a million are not a million entries of a queue."""


def decode(source: Source, size: int | None, crop: float = 1.0) -> Tensor:
    """`pixels_of` as a tensor (3, H, W); raises one of `BROKEN`."""
    return torch.from_numpy(pixels_of(source, size, crop))


def decode_all(sources: Sequence[Source], size: int, workers: int, crop: float = 1.0) -> tuple[Tensor, dict[int, str]]:
    """All images as (N, 3, size, size), and by index why some could not be read (those stay black)."""
    pixels = torch.zeros((len(sources), 3, size, size), dtype=torch.uint8)
    broken: dict[int, str] = {}

    def one(index: int) -> None:
        try:
            pixels[index] = decode(sources[index], size, crop)
        except BROKEN as error:
            broken[index] = reason(error)

    in_threads(one, len(sources), workers)
    return pixels, dict(sorted(broken.items()))


def find_broken(sources: Sequence[Source], workers: int) -> dict[int, str]:
    """By index why some images cannot be read; decodes each once and keeps none."""
    broken: dict[int, str] = {}

    def one(index: int) -> None:
        try:
            decode(sources[index], 16)
        except BROKEN as error:
            broken[index] = reason(error)

    in_threads(one, len(sources), workers)
    return dict(sorted(broken.items()))


def in_threads(work: Callable[[int], None], count: int, workers: int) -> None:
    """``work(0)`` to ``work(count - 1)`` in threads (Pillow decodes outside Python's lock); raises the first error."""
    step = max(1, count // _TURNS)

    def some(start: int) -> None:
        for index in range(start, min(start + step, count)):
            work(index)

    with ThreadPoolExecutor(workers or min(16, os.cpu_count() or 1)) as pool:
        for _ in pool.map(some, range(0, count, step)):
            pass
