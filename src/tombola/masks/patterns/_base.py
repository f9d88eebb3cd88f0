"""The contract of a pattern: which weights live or die together."""

from abc import abstractmethod
from typing import ClassVar

from torch import Size, Tensor

from tombola.registry import Family, Member


class Pattern(Member):
    """Weights fall into groups; a group is kept or pruned as one. Nothing given is changed."""

    family: ClassVar[Family] = Family("patterns", "tombola.masks.patterns")

    @abstractmethod
    def group_scores(self, scores: Tensor) -> Tensor:
        """One score a group, from one score a weight (>= 0, any shape of weight)."""

    @abstractmethod
    def expand(self, keep: Tensor, shape: Size) -> Tensor:
        """The full-shape boolean mask of a boolean a group."""

    @abstractmethod
    def group_size(self, shape: Size) -> int:
        """How many weights a group of a tensor of this shape holds."""
