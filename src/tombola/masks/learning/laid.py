"""A tensor as the flat run of numbers it is in memory, and the way back."""

from dataclasses import dataclass
from typing import final

import torch
from torch import Size, Tensor


@final
@dataclass(frozen=True)
class Laid:
    """``flat`` is a view of a dense tensor, in the order of memory; of any other tensor it is a copy, in index order.

    >>> laid = Laid.of(torch.tensor([[1, 2], [3, 4]]).t())
    >>> laid.flat.tolist(), laid.indices(torch.tensor([1])).tolist()
    ([1, 2, 3, 4], [2])
    """

    flat: Tensor
    shape: Size
    order: tuple[int, ...]

    @classmethod
    def of(cls, tensor: Tensor) -> "Laid":
        """How a tensor lies: channels last, transposed or plain."""
        strides = tensor.stride()
        order = tuple(sorted(range(tensor.dim()), key=lambda dim: (-strides[dim], dim)))
        if not tensor.permute(order).is_contiguous():
            order = tuple(range(tensor.dim()))
        return cls(tensor.permute(order).reshape(-1), tensor.shape, order)

    @property
    def plain(self) -> bool:
        """Whether the order of memory is that of the indices."""
        return self.order == tuple(range(len(self.order)))

    def as_flat(self, tensor: Tensor) -> Tensor:
        """Another tensor of this shape, its numbers in this one's order and on its device."""
        return tensor.permute(self.order).reshape(-1).to(self.flat.device)

    def shaped(self, flat: Tensor) -> Tensor:
        """Numbers in this order as a tensor of the shape, without copying them."""
        inverse = sorted(range(len(self.order)), key=self.order.__getitem__)
        return flat.view([self.shape[dim] for dim in self.order]).permute(inverse)

    def indices(self, places: Tensor) -> Tensor:
        """The row-major index of the numbers at some places of ``flat``."""
        if self.plain:
            return places
        index = torch.zeros_like(places)
        for dim in reversed(self.order):
            index += places % self.shape[dim] * self.shape[dim + 1 :].numel()
            places = places // self.shape[dim]
        return index
