"""`Layer`: how a weight lies in its layer, so that every pattern sees output channels first."""

from dataclasses import dataclass
from typing import final

import torch
from torch import Size, Tensor


@final
@dataclass(frozen=True)
class Heads:
    """How the heads of an attention lie in one of its matrices.

    ``names`` are all of the attention's matrices. ``count`` heads stand one after another along its rows, ``parts``
    times over; or, where it is what reads them, along its columns.
    """

    names: tuple[str, ...]
    count: int
    parts: int = 1
    read: bool = False


@final
@dataclass(frozen=True)
class Layer:
    """A weight's shape, and what the shape alone does not say.

    ``groups`` are a convolution's: output channels of different groups read different inputs. A transposed
    convolution stores its inputs first. ``positions`` is at how many places of one image each weight is used (the
    pixels of the output), where that is known: weights times positions are the layer's operations. ``heads`` are those
    of an encoder's attention.
    """

    shape: Size
    groups: int = 1
    transposed: bool = False
    positions: int | None = None
    heads: Heads | None = None

    @classmethod
    def of(cls, weight: Tensor) -> "Layer":
        """The layer of a weight of which nothing but the shape is known."""
        return cls(weight.shape)

    def outputs_first(self, tensor: Tensor) -> Tensor:
        """A tensor of the weight's shape as (outputs, inputs of one group, kernel...); a view where it can be."""
        if not self.transposed:
            return tensor
        inputs, outputs, *kernel = tensor.shape
        split = tensor.reshape(self.groups, inputs // self.groups, outputs, *kernel)
        return split.transpose(1, 2).reshape(self.groups * outputs, inputs // self.groups, *kernel)

    def as_stored(self, tensor: Tensor) -> Tensor:
        """The inverse of `outputs_first`."""
        if not self.transposed:
            return tensor
        outputs, inputs, *kernel = tensor.shape
        split = tensor.reshape(self.groups, outputs // self.groups, inputs, *kernel)
        return split.transpose(1, 2).reshape(self.shape)

    @property
    def outputs(self) -> int:
        """How many output channels there are."""
        return self.shape[1] * self.groups if self.transposed else self.shape[0]


def numbers(shape: Size | tuple[int, ...], size: int) -> Tensor:
    """An int64 tensor of a shape, the same number everywhere, that takes no memory."""
    return torch.tensor(size).expand(shape)
