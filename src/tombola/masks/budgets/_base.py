"""The contract of a budget: how many groups each tensor keeps."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from tombola.masks.layers import Layer
from tombola.registry import Family, Member


@dataclass(frozen=True)
class Groups:
    """The groups of one tensor: one score each (any sign; -inf: pruned already), and how many weights each holds."""

    scores: Tensor
    sizes: Tensor
    layer: Layer


@dataclass(frozen=True)
class Allocation:
    """A boolean a group (True: kept) for each tensor, and what the user should be told about it."""

    kept: dict[str, Tensor]
    notes: tuple[str, ...] = ()


class Budget(Member):
    """Shares out what is kept among the tensors. Nothing given is changed."""

    family: ClassVar[Family] = Family("budgets", "tombola.masks.budgets")

    ONE_SPARSITY: ClassVar[bool] = False
    """Whether it makes sense at one sparsity only, so neither in several rounds nor on a ladder."""

    @property
    def needs_positions(self) -> bool:
        """Whether it must know at how many positions a layer's weights are used, which depends on the image's size."""
        return False

    @abstractmethod
    def allocate(self, groups: Mapping[str, Groups], sparsity: float) -> Allocation:
        """The groups that stay.

        So many are pruned that the pruned weights come nearest to ``sparsity`` x all weights (over all tensors, or in
        each, as the member says; of two equally near counts of groups the even one). Where all groups have one size
        these are exactly ``round_half_even(sparsity * number of groups)`` of all tensors together, whatever the
        member. Among equal scores those of the lower index (tensors in the order given) are pruned first. Groups that
        are pruned already (score -inf) stay so: where they are more than a tensor's share the others make up for it,
        and where they are more than all that is asked nothing else goes. Of the same scores, what is pruned at one
        sparsity is pruned at every higher one.
        """
