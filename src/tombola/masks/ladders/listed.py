"""The sparsities one names, one a level.

What: level k prunes round(the k-th sparsity x all), rounding half to even. A ladder that ends at a sparsity climbs the
  listed ones below it first.
When: two published schedules are to be compared, or each level is expensive and few are wanted.
Cost: a level a sparsity.
Options: ``sparsities``, rising.
Reference: none; the gradual schedules of Zhu & Gupta, arXiv 1710.01878, can be written out this way.
"""

from typing import ClassVar, Self, final

from pydantic import field_validator

from tombola.errors import RequestError
from tombola.masks.ladders._base import Ladder
from tombola.registry import Examples
from tombola.spec import option


@final
class Listed(Ladder):
    """The k-th sparsity of the list."""

    EXAMPLES: ClassVar[Examples] = ({"sparsities": [0.5, 0.8, 0.9]},)

    sparsities: tuple[float, ...] = option(help="the sparsity of every level, rising, as [0.5, 0.8, 0.9]")

    @field_validator("sparsities")
    @classmethod
    def _rising(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if any(not 0 <= item < 1 for item in value) or list(value) != sorted(set(value)):
            raise ValueError("should rise from level to level, each in [0, 1), as [0.5, 0.8, 0.9]")
        return value

    def levels(self, sparsity: float) -> int:
        return sum(item < sparsity for item in self.sparsities) + 1

    def pruned(self, level: int, before: int, total: int) -> int:
        if level > len(self.sparsities):
            raise RequestError(f"level {level}: the ladder lists {len(self.sparsities)} sparsities; list more")
        return round(self.sparsities[level - 1] * total)

    def level_of(self, sparsity: float) -> int | None:
        return self.sparsities.index(sparsity) + 1 if sparsity in self.sparsities else None

    def upto(self, level: int) -> Self:
        return self.replace(sparsities=self.sparsities[:level])
