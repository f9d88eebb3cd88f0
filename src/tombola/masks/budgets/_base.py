"""The contract of a budget: how many groups each tensor keeps."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor

from tombola.masks.layers import Layer
from tombola.registry import Family, Member


@dataclass(frozen=True)
class Groups:
    """The groups of one tensor: one score each (any sign; -inf is pruned first), and how many weights each holds."""

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

    NEEDS: ClassVar[frozenset[Literal["positions"]]] = frozenset()
    """What it must know of a layer beside its shape."""

    @abstractmethod
    def allocate(self, groups: Mapping[str, Groups], sparsity: float) -> Allocation:
        """The groups that stay.

        So many are pruned that the pruned weights come nearest to ``sparsity`` x all weights (over all tensors, or in
        each, as the member says; of two equally near counts of groups the even one). Where all groups have one size
        these are exactly ``round_half_even(sparsity * number of groups)``. Among equal scores those of the lower
        index (tensors in the order given) are pruned first.
        """
