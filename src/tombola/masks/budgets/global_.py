"""One threshold for all tensors: the smallest scores go, wherever they are.

What: the lowest groups of all tensors together are pruned, exactly round(sparsity x all groups) where groups are of
  one size; ties by index, tensors in order.
When: the lottery-ticket papers' choice, and the most accurate at a given count of weights. Layers with small weights
  may lose nearly everything, and early layers, where most operations are, stay dense.
Cost: about three readings of the scores, without sorting or joining them.
Options: none.
Reference: Frankle & Carbin, "The Lottery Ticket Hypothesis", 2019; Double-Win Lottery Tickets, 2022, prunes this way.
"""

from collections.abc import Mapping
from typing import final

from tombola.masks.budgets._base import Allocation, Budget, Groups
from tombola.masks.budgets._ranking import all_but_lowest


@final
class Global(Budget):
    """The smallest scores of all tensors together are pruned."""

    def allocate(self, groups: Mapping[str, Groups], sparsity: float) -> Allocation:
        return Allocation(all_but_lowest(groups, sparsity))
