"""The same part of what remains goes at every level: with 0.2 the grid 1 - 0.8^k.

What: level k prunes round(rate x what remains), rounding half to even. A ladder that is to end at another sparsity
  takes as many levels as come nearest to the rate, on the grid but for the last, which ends exactly there.
When: the lottery-ticket papers' ladder; every headline sparsity of the vision papers (67.23, 73.79, 79.03, 83.22,
  89.26 %, ...) is a level of it.
Cost: ten levels to 89 %, twenty to 99 %.
Options: ``rate``.
Reference: Frankle & Carbin, ICLR 2019; Chen et al., CVPR 2021 and ICML 2022.
"""

import math
from typing import ClassVar, final

from tombola.masks.ladders._base import Ladder
from tombola.spec import option


@final
class Geometric(Ladder):
    """1 - (1 - rate)^k."""

    ARGUMENT: ClassVar[str | None] = "rate"

    rate: float = option(0.2, "the part of what remains that goes at each level", gt=0, lt=1)

    def levels(self, sparsity: float) -> int:
        return max(1, round(math.log(1 - sparsity) / math.log(1 - self.rate)))

    def pruned(self, level: int, before: int, total: int) -> int:
        return before + round(self.rate * (total - before))
