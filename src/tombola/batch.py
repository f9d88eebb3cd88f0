"""`Batch`: what a network is shown at once and what it should answer. The same for pixels, words, views and boxes.

It lies below models, data, tasks and objectives, which all speak of it; it knows none of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import torch
from torch import Tensor

from tombola.errors import DataError

NOTHING: Final[Mapping[str, Tensor]] = MappingProxyType({})


@dataclass(frozen=True)
class Batch:
    """N samples, and what each should be answered with; a network is called ``network(batch.x, **batch.more)``.

    ``x`` has N first: uint8 images in a set, floats in [0, 1] and channels-last once `to_float`, token ids, ...
    ``more`` is what the network takes beside it, by the names of its arguments, as ``attention_mask``. ``targets`` is
    one tensor with N first: labels (N,), a label a pixel (N, H, W), boxes (N, M, 5) filled up with class -1, ...

    >>> batch = Batch(torch.zeros(4, 3, 8, 8), torch.arange(4))
    >>> len(batch), batch.part(slice(1, 3)).targets.tolist(), batch.replace(x=batch.x + 1).x.max().item()
    (4, [1, 2], 1.0)
    """

    x: Tensor
    targets: Tensor
    more: Mapping[str, Tensor] = field(default_factory=lambda: NOTHING)

    def __len__(self) -> int:
        return len(self.x)

    def part(self, which: Tensor | slice) -> "Batch":
        """Some of its samples, in the order asked."""
        return self._each(lambda tensor: tensor[which])

    def to(self, device: str | torch.device) -> "Batch":
        """The same batch there; what is there already is not copied."""
        return self._each(lambda tensor: tensor.to(device, non_blocking=True))

    def to_float(self, device: str | torch.device = "cpu") -> "Batch":
        """The same there, its bytes as floats in [0, 1]; what is no image stays what it is."""
        image = self.x.dtype == torch.uint8 or self.x.ndim == 4
        x = to_float(self.x, device) if image else self.x.to(device, non_blocking=True)
        more = {name: tensor.to(device) for name, tensor in self.more.items()}
        return Batch(x, self.targets.to(device), more or NOTHING)

    def replace(
        self, *, x: Tensor | None = None, targets: Tensor | None = None, more: Mapping[str, Tensor] | None = None
    ) -> "Batch":
        """The same with another ``x``, other ``targets`` or ``more``."""
        return Batch(
            self.x if x is None else x,
            self.targets if targets is None else targets,
            self.more if more is None else more,
        )

    def _each(self, change: Callable[[Tensor], Tensor]) -> "Batch":
        more = {name: change(tensor) for name, tensor in self.more.items()}
        return Batch(change(self.x), change(self.targets), more or NOTHING)


def to_float(pixels: Tensor, device: str | torch.device = "cpu") -> Tensor:
    """uint8 images as float32 in [0, 1] on ``device``, channels-last. Bytes travel, floats are made on arrival.

    Raises `DataError` for anything but bytes: numbers of another kind would end outside [0, 1], or as black images.
    """
    if pixels.dtype != torch.uint8:
        raise DataError(f"images are uint8, 0 to 255, and a data set gave {pixels.dtype}; give (255 * x).byte()")
    there = pixels.to(device, non_blocking=True).contiguous(memory_format=torch.channels_last)
    return there.float().div_(255)


def blank(side: int, channels: int = 3) -> Batch:
    """One image of zeros of ``side`` x ``side`` pixels: the example of whoever has a size and no task."""
    return Batch(torch.zeros(1, channels, side, side), torch.zeros(1, dtype=torch.int64))
