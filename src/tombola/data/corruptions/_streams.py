"""Random numbers of an image's own: decided by a seed, a purpose and the image's place in its set, by nothing else."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import TypeAlias

import torch
from torch import Tensor

Streams: TypeAlias = list[torch.Generator]


def streams(seed: int, purpose: str, places: Iterable[int]) -> Streams:
    """One generator for each place; different seeds, purposes and places give unrelated ones."""
    return [torch.Generator().manual_seed(_number(f"{seed}/{purpose}/{place}")) for place in places]


def uniform(own: Sequence[torch.Generator], *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
    """(len(own), *shape) numbers in [low, high) as float64, each row from its own stream."""
    drawn = torch.empty(len(own), *shape)
    for row, generator in zip(drawn, own, strict=True):
        row.uniform_(generator=generator)
    return drawn.double().mul_(high - low).add_(low)


def normal(own: Sequence[torch.Generator], *shape: int) -> Tensor:
    """The same, from the standard normal distribution."""
    drawn = torch.empty(len(own), *shape)
    for row, generator in zip(drawn, own, strict=True):
        row.normal_(generator=generator)
    return drawn.double()


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
