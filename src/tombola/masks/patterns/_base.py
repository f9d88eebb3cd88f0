"""The contract of a pattern: which weights live or die together."""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Self

from torch import Tensor

from tombola.masks.budgets._base import Allocation, Budget, Groups
from tombola.masks.layers import Layer
from tombola.registry import Family, Member

_N_OF_M = re.compile(r"\d+:\d+")


class Grouping(ABC):
    """The groups of one tensor's weights. Every weight is in exactly one group."""

    @property
    @abstractmethod
    def sizes(self) -> Tensor:
        """How many weights each group holds: int64, one number a group, of the groups' own shape."""

    @abstractmethod
    def means(self, values: Tensor) -> Tensor:
        """The mean over each group of one value a weight; differentiable. Groups of one weight give their value."""

    @abstractmethod
    def expand(self, values: Tensor) -> Tensor:
        """One value a weight, in the tensor's full shape, from one value a group (boolean or float)."""


class Pattern(Member):
    """Weights fall into groups; a group is kept or pruned as one. Nothing given is changed."""

    family: ClassVar[Family] = Family("patterns", "tombola.masks.patterns")

    OF: ClassVar[str] = "any weight"
    """What it groups: weights of every kind, or the matrices of an ``attention`` alone."""

    @property
    def only(self) -> float | None:
        """The one sparsity it can have, beside 0, where the pattern itself fixes how many are kept; None: any."""
        return None

    @abstractmethod
    def grouping(self, weight: Tensor, layer: Layer) -> Grouping:
        """The groups of a tensor. Only patterns that choose who shares a group look at the weight's values."""

    def choose(self, groups: Mapping[str, Groups], sparsity: float, budget: Budget) -> Allocation:
        """Which groups are kept: what the budget says, unless the pattern itself fixes how many."""
        return budget.allocate(groups, sparsity)

    @classmethod
    def parse(cls, value: object) -> Self:
        """As every member; ``"2:4"`` is short for ``"nm:2:4"``."""
        if isinstance(value, str) and _N_OF_M.fullmatch(value):
            value = f"nm:{value}"
        return super().parse(value)
