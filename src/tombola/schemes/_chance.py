"""Drawing lots: a random number for every group, so that every group has the same chance whatever its size."""

from collections.abc import Mapping

import torch
from torch import Tensor

from tombola.masks.patterns._base import Grouping


def lots(
    weights: Mapping[str, Tensor], groupings: Mapping[str, Grouping], generator: torch.Generator
) -> dict[str, Tensor]:
    """Scores in [0, 1), one a weight, the same all over a group; tensors in the order given.

    In float64, so that ties, which go by index and not by chance, do not occur.
    """
    return {
        name: groupings[name].expand(
            torch.rand(groupings[name].sizes.shape, generator=generator, dtype=torch.float64).to(weight.device)
        )
        for name, weight in weights.items()
    }
