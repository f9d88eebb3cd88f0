"""The same sparsity in every tensor.

What: exactly round(sparsity x groups of the tensor) are pruned in each; ties by index.
When: no layer may be emptied, or operations should fall with the weights; at high sparsity less accurate than global.
Cost: about three readings of the scores.
Options: none.
Reference: Zhu & Gupta, "To prune, or not to prune", 2018.
"""

from collections.abc import Mapping
from typing import final

from torch import Tensor

from tombola.masks.budgets._base import Budget
from tombola.masks.select import all_but_smallest_of


@final
class Uniform(Budget):
    """The smallest scores of each tensor are pruned."""

    def allocate(self, scores: Mapping[str, Tensor], sparsity: float) -> dict[str, Tensor]:
        return {name: _kept(name, tensor, sparsity) for name, tensor in scores.items()}


def _kept(name: str, scores: Tensor, sparsity: float) -> Tensor:
    (kept,) = all_but_smallest_of([scores], round(sparsity * scores.numel()), names=[name])
    return kept
