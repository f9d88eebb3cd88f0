"""Masks at a bit a weight: what `Masks` holds of a ticket that was read, an eighth of what they take unfolded."""

from collections.abc import Iterator, Mapping
from typing import final

import torch
from torch import Tensor

from tombola.masks.bits import Packed, unpacked


@final
class PackedMasks(Mapping[str, Tensor]):
    """Boolean tensors by name, each unfolded anew when it is read, so that what is read shares nothing with these."""

    def __init__(self, masks: Mapping[str, tuple[Packed, torch.Size]]) -> None:
        self._masks = dict(masks)

    def __getitem__(self, name: str) -> Tensor:
        packed, shape = self._masks[name]
        return torch.from_numpy(unpacked(packed, 0, shape.numel())).reshape(shape)

    def __iter__(self) -> Iterator[str]:
        return iter(self._masks)

    def __len__(self) -> int:
        return len(self._masks)

    def shapes(self) -> dict[str, torch.Size]:
        """The shape of every tensor, nothing unfolded."""
        return {name: shape for name, (_, shape) in self._masks.items()}
