"""Random numbers of an image's own: what is drawn for it does not depend on which others are attacked beside it."""

from collections.abc import Sequence
from typing import TypeAlias

import torch
from torch import Tensor

Streams: TypeAlias = list[torch.Generator]
Randomness: TypeAlias = torch.Generator | Streams
"""What an attack draws from: one generator for all images, or each image's own stream, which is drawn on."""


def streams(count: int, generator: Randomness) -> Streams:
    """One generator an image, all decided by ``generator``; a batch cut in two gets the same ones, in order.

    Streams are given back as they are, one an image.
    """
    if isinstance(generator, list):
        assert len(generator) == count
        return generator
    seeds = torch.randint(2**63 - 1, (count,), generator=generator, device=generator.device).tolist()
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def uniform(own: Sequence[torch.Generator], shape: Sequence[int], like: Tensor) -> Tensor:
    """(len(own), *shape) numbers in [0, 1), each row from its own stream, with the device and dtype of ``like``."""
    return _together([torch.rand(shape, generator=each) for each in own], shape, like)


def normal(own: Sequence[torch.Generator], shape: Sequence[int], like: Tensor) -> Tensor:
    """The same, from the standard normal distribution."""
    return _together([torch.randn(shape, generator=each) for each in own], shape, like)


def _together(rows: list[Tensor], shape: Sequence[int], like: Tensor) -> Tensor:
    drawn = torch.stack(rows) if rows else torch.empty(0, *shape)
    return drawn.to(like.device, like.dtype)
