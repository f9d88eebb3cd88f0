"""Batches of a set on a device, in an order that is a pure function of seed and epoch.

What: `batches` yields ``(x, labels)``, x as float32 in [0, 1] and channels-last. Since the order has no state, training
resumes at any step by naming the epoch and the batch to start from.
"""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from tombola.data._base import Images


def batches(
    images: Images,
    batch: int,
    *,
    seed: int = 0,
    epoch: int = 0,
    start: int = 0,
    device: str | torch.device = "cpu",
    shuffle: bool = True,
    drop_last: bool = False,
) -> Iterator[tuple[Tensor, Tensor]]:
    """The batches of one epoch from number ``start`` on; the last one may be smaller unless ``drop_last``."""
    order = epoch_order(len(images), seed, epoch) if shuffle else torch.arange(len(images))
    stop = num_batches(len(images), batch, drop_last=drop_last)
    parts = [order[number * batch : (number + 1) * batch] for number in range(start, stop)]
    labels = images.labels
    for part, pixels in zip(parts, _taken(images, parts), strict=True):
        yield to_float(pixels, device), labels[part].to(device)


def num_batches(count: int, batch: int, *, drop_last: bool = False) -> int:
    """How many batches an epoch of ``count`` images has."""
    return count // batch if drop_last else -(-count // batch)


def epoch_order(count: int, seed: int, epoch: int) -> Tensor:
    """The order of an epoch: a permutation of ``count`` that depends on seed and epoch alone."""
    # Hashed, since generators seeded with neighbouring numbers, or with only the high bits differing, may agree.
    mixed = int.from_bytes(hashlib.sha256(f"{seed}:{epoch}".encode()).digest()[:4], "big")
    return torch.randperm(count, generator=torch.Generator().manual_seed(mixed))


def to_float(pixels: Tensor, device: str | torch.device = "cpu") -> Tensor:
    """uint8 images as float32 in [0, 1] on ``device``, channels-last. Bytes travel, floats are made on arrival."""
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
