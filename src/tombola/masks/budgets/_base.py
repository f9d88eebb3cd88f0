"""The contract of a budget: how many groups each tensor keeps."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor

from tombola.registry import Family, Member


class Budget(Member):
    """Shares out what is kept among the tensors. Nothing given is changed."""

    family: ClassVar[Family] = Family("budgets", "tombola.masks.budgets")

    @abstractmethod
    def allocate(self, scores: Mapping[str, Tensor], sparsity: float) -> dict[str, Tensor]:
        """A boolean a group (True: kept) for each tensor, from one score a group.

        Exactly ``round_half_even(sparsity * number of groups)`` are pruned (over all tensors, or in each, as the
        member says); among equal scores those of the lower index (tensors in the order given) are pruned first.
        """
