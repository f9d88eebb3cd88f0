"""The same part of the original goes at every level: with 0.1 the grid 10, 20, ..., 90 %.

What: level k prunes round(remaining x step / (1 - (k - 1) x step)), rounding half to even: a tenth of the original
  is 1/10, 1/9, 1/8, ... of what remains. The last level ends exactly at the sparsity asked for.
When: transformers, as BERT-Tickets prunes them (its paper's algorithm says "of remaining", its code does this).
Cost: nine levels to 90 %.
Options: ``step``.
Reference: Chen et al., "The Lottery Ticket Hypothesis for Pre-trained BERT Networks", NeurIPS 2020, code.
"""

from typing import ClassVar, final

from tombola.errors import RequestError
from tombola.masks.ladders._base import Ladder
from tombola.spec import option


@final
class Linear(Ladder):
    """step, 2 step, 3 step, ..."""

    ARGUMENT: ClassVar[str | None] = "step"

    step: float = option(0.1, "the part of the original that goes at each level", gt=0, lt=1)

    def levels(self, sparsity: float) -> int:
        return max(1, round(sparsity / self.step))

    def pruned(self, level: int, before: int, total: int) -> int:
        left = 1 - (level - 1) * self.step
        if left <= self.step * (1 + 1e-9):
            raise RequestError(f"level {level} of linear:{self.step:g} would prune everything; ask for fewer levels")
        return before + round((total - before) * self.step / left)
