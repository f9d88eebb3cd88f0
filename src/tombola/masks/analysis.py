"""What masks look like: densities, dead kernels and channels, and how much two of them agree against chance.

Pure counting on masks that are given; nothing is changed. "By chance" means two independent random masks that keep,
layer by layer, as many weights as these do.
"""

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

from tombola.masks.layers import Layer
from tombola.masks.masks import Masks


@dataclass(frozen=True)
class Count:
    """So many of so many."""

    part: int
    whole: int

    @property
    def share(self) -> float:
        """In [0, 1]; 0 of nothing."""
        return self.part / self.whole if self.whole else 0.0

    def __add__(self, other: "Count") -> "Count":
        return Count(self.part + other.part, self.whole + other.whole)


NOTHING = Count(0, 0)


def densities(masks: Masks) -> dict[str, Count]:
    """The kept of all weights, layer by layer."""
    return {name: Count(kept, total) for name, (kept, total) in masks.counts().items()}


def dead_kernels(mask: Tensor, layer: Layer) -> Count:
    """The kernels, one for each output channel and each input channel it reads, that are pruned whole."""
    return _dead(_alive_kernels(mask, layer))


def dead_tiles(mask: Tensor, layer: Layer, side: int) -> Tensor:
    """Output channels going down, what they read going across: the share of kernels pruned whole, in [0, 1].

    Kernel by kernel where there are at most ``side`` a row or column; else that many, each the mean of its neighbours.
    """
    dead = (~_alive_kernels(mask, layer)).float()
    rows, columns = dead.shape
    return F.adaptive_avg_pool2d(dead[None, None], (min(rows, side), min(columns, side)))[0, 0]


def dead_outputs(mask: Tensor, layer: Layer) -> Count:
    """The output channels of which every weight is pruned; they are constant."""
    return _dead(_alive_kernels(mask, layer).any(1))


def unread_inputs(mask: Tensor, layer: Layer) -> Count:
    """The input channels that no kernel reads any more: whatever makes them works for nothing here.

    The output channels of one group of a grouped convolution read that group's inputs only.
    """
    alive = _alive_kernels(mask, layer)
    return _dead(alive.view(layer.groups, -1, alive.shape[1]).any(1))


def both(first: Masks, second: Masks) -> int:
    """How many weights both keep."""
    return (first & second).kept


def differing(first: Masks, second: Masks) -> int:
    """How many weights one keeps and the other prunes: the Hamming distance."""
    return first.kept + second.kept - 2 * both(first, second)


def both_by_chance(first: Masks, second: Masks) -> float:
    """How many weights both would keep if each were random in every layer: the mean, sum of a x b / n."""
    if first.shapes() != second.shapes():
        both(first, second)  # raises MaskError saying what differs
    theirs = second.counts()
    return sum(kept * theirs[name][0] / total for name, (kept, total) in first.counts().items() if total)


def expected_overlap(first: Masks, second: Masks) -> float:
    """The overlap (IoU) of two independent random masks with these layers' densities.

    It is the mean intersection over the mean union, which at the sizes of layers is the mean IoU to many digits.

    >>> import torch
    >>> half = Masks({"w": torch.arange(1000) % 2 == 0})
    >>> round(expected_overlap(half, half), 3), half.overlap(half)
    (0.333, 1.0)
    """
    intersection = both_by_chance(first, second)
    union = first.kept + second.kept - intersection
    return intersection / union if union else 1.0


def _alive_kernels(mask: Tensor, layer: Layer) -> Tensor:
    """(outputs, inputs of one group), True where a kernel keeps a weight; a linear layer's kernels are its weights."""
    return layer.outputs_first(mask).flatten(2).any(2) if mask.dim() > 2 else layer.outputs_first(mask)


def _dead(alive: Tensor) -> Count:
    return Count(alive.numel() - int(alive.count_nonzero()), alive.numel())
