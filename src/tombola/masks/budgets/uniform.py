"""The same sparsity in every tensor.

What: the lowest groups of each tensor are pruned, exactly round(sparsity x its groups) where they are of one size;
  ties by index.
When: no layer may be emptied, or operations should fall with the weights; at high sparsity less accurate than global.
Cost: about three readings of the scores.
Options: none.
Reference: Zhu & Gupta, "To prune, or not to prune", 2018.
"""

from collections.abc import Mapping
from typing import final

from tombola.masks.budgets._base import Allocation, Budget, Groups
from tombola.masks.budgets._ranking import all_but_lowest


@final
class Uniform(Budget):
    """The smallest scores of each tensor are pruned."""

    def allocate(self, groups: Mapping[str, Groups], sparsity: float) -> Allocation:
        return Allocation({name: all_but_lowest({name: item}, sparsity)[name] for name, item in groups.items()})
