"""One threshold for all tensors: the smallest scores go, wherever they are.

What: the lowest groups of all tensors together are pruned, exactly round(sparsity x all groups) where groups are of
  one size; ties by index, tensors in order.
When: the lottery-ticket papers' choice, and the most accurate at a given count of weights. Layers with small weights
  may lose nearly everything, and early layers, where most operations are, stay dense.
Cost: about three readings of the scores, without sorting or joining them.
Options: ``floor``, how many groups a tensor keeps at least; where it has to spare some, the next lowest of other
  tensors go instead.
Reference: Frankle & Carbin, "The Lottery Ticket Hypothesis", 2019; Double-Win Lottery Tickets, 2022, prunes this way
  (with floor=0).
"""

from collections.abc import Mapping
from typing import final

from tombola.masks.budgets._base import Allocation, Budget, Groups
from tombola.masks.budgets._floor import FLOOR_HELP, lowest_go
from tombola.masks.budgets._ranking import asked
from tombola.spec import option


@final
class Global(Budget):
    """The smallest scores of all tensors together are pruned."""

    floor: int = option(1, FLOOR_HELP, ge=0)

    def allocate(self, groups: Mapping[str, Groups], sparsity: float) -> Allocation:
        return lowest_go(groups, asked(groups, sparsity), self.floor)
