"""The same sparsity in every tensor.

What: the lowest groups of each tensor are pruned, its share rounded to whole groups so that the count over all tensors
  is exactly round(sparsity x all groups) where they are of one size; ties by index.
When: no layer may be emptied, or operations should fall with the weights; at high sparsity less accurate than global.
Cost: about four readings of the scores.
Options: ``floor``, how many groups a tensor keeps at least; where it has to spare some, the others lose a larger share.
Reference: Zhu & Gupta, "To prune, or not to prune", 2018.
"""

from collections.abc import Mapping
from typing import final

from tombola.masks.budgets._base import Allocation, Budget, Groups
from tombola.masks.budgets._floor import FLOOR_HELP
from tombola.masks.budgets._ranking import weights_in
from tombola.masks.budgets._shares import shared
from tombola.spec import option


@final
class Uniform(Budget):
    """The smallest scores of each tensor are pruned."""

    floor: int = option(1, FLOOR_HELP, ge=0)

    def allocate(self, groups: Mapping[str, Groups], sparsity: float) -> Allocation:
        alike = {name: weights_in({name: item}) for name, item in groups.items()}
        return shared(groups, alike, sparsity, self.floor)
