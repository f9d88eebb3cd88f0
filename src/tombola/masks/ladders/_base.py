"""The contract of a ladder: how the sparsity rises from level to level."""

from abc import abstractmethod
from typing import ClassVar, Self

from tombola.registry import Family, Member


class Ladder(Member):
    """Counts how much is pruned after each level; level 0 is dense."""

    family: ClassVar[Family] = Family("ladders", "tombola.masks.ladders")

    @abstractmethod
    def levels(self, sparsity: float) -> int:
        """How many prunings lead to ``sparsity``, at least one; the last of them ends there exactly."""

    @abstractmethod
    def pruned(self, level: int, before: int, total: int) -> int:
        """How many of ``total`` are pruned after ``level``, given how many were before it."""

    def level_of(self, sparsity: float) -> int | None:
        """The level that prunes exactly as many as ``sparsity`` asks for, when one does."""
        return None

    def upto(self, level: int) -> Self:
        """The ladder as far as ``level``: what the identity of a rung may depend on."""
        return self
