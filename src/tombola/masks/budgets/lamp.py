"""LAMP: one threshold for all tensors, on scores that say what a weight is worth within its own tensor.

What: a group is worth its squared score over the sum of the squares of all groups of its tensor that are not lower,
  itself included (of equal ones, those of a higher index are not lower); the lowest of all tensors go. With
  score=magnitude that is w^2 over the sum of the not smaller squares; score=magnitude:l2 would square twice. A score
  below zero is worth minus its square over the tensor's sum of squares: below all others, in its own order.
When: global pruning starves some layers; needs nothing but the scores.
Cost: a sort of each tensor's scores.
Options: ``floor``, how many groups a tensor keeps at least. The highest group of a tensor is worth 1, so it goes last
  anyway, unless all its scores are zero.
Reference: Lee, Park, Mo, Ahn & Shin, "Layer-adaptive sparsity for the Magnitude-based Pruning", arXiv 2010.07611.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import final

import torch
from torch import Tensor

from tombola.masks.budgets._base import Allocation, Budget, Groups
from tombola.masks.budgets._floor import FLOOR_HELP, lowest_go
from tombola.masks.budgets._ranking import asked
from tombola.spec import option


@final
class LAMP(Budget):
    """The smallest layer-adaptive scores are pruned."""

    floor: int = option(1, FLOOR_HELP, ge=0)

    def allocate(self, groups: Mapping[str, Groups], sparsity: float) -> Allocation:
        adapted = {name: replace(item, scores=layer_adaptive(item.scores)) for name, item in groups.items()}
        return lowest_go(adapted, asked(groups, sparsity), self.floor)


def layer_adaptive(scores: Tensor) -> Tensor:
    """The LAMP score of every group of a tensor, in float64; what is -inf stays so.

    >>> layer_adaptive(torch.tensor([1.0, 3.0, 2.0]))
    tensor([0.0714, 1.0000, 0.3077], dtype=torch.float64)
    """
    flat = scores.detach().double().flatten()
    largest = flat[flat != -torch.inf].abs().max() if bool((flat != -torch.inf).any()) else flat.new_ones(())
    scaled = torch.where(flat == -torch.inf, 0.0, flat / largest if largest != 0 else flat)
    order = torch.argsort(scaled, stable=True)
    squares = scaled[order].square()
    not_lower = squares.clamp(min=0).flip(0).cumsum(0).flip(0)
    whole = squares.sum()
    worth = torch.where(
        scaled[order] < 0, -squares / whole, squares / not_lower.clamp(min=torch.finfo(flat.dtype).tiny)
    )
    found = torch.empty_like(flat)
    found[order] = worth
    return found.masked_fill(flat == -torch.inf, -torch.inf).view(scores.shape)
