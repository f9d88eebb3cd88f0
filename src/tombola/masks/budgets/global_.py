"""One threshold for all tensors: the smallest scores go, wherever they are.

What: exactly round(sparsity x all groups) are pruned, over all tensors together; ties by index, tensors in order.
When: the lottery-ticket papers' choice, and the most accurate at a given count of weights. Layers with small weights
  may lose nearly everything, and early layers, where most operations are, stay dense.
Cost: about three readings of the scores, without sorting or joining them.
Options: none.
Reference: Frankle & Carbin, "The Lottery Ticket Hypothesis", 2019; Double-Win Lottery Tickets, 2022, prunes this way.
"""

from collections.abc import Mapping
from typing import final

from torch import Tensor

from tombola.masks.budgets._base import Budget
from tombola.masks.select import all_but_smallest_of


@final
class Global(Budget):
    """The smallest scores of all tensors together are pruned."""

    def allocate(self, scores: Mapping[str, Tensor], sparsity: float) -> dict[str, Tensor]:
        count = round(sparsity * sum(tensor.numel() for tensor in scores.values()))
        kept = all_but_smallest_of(list(scores.values()), count, names=list(scores))
        return dict(zip(scores, kept, strict=True))
