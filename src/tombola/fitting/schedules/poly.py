"""Poly: down by a power of what is left, the rate of the DeepLab papers.

What: the base learning rate times (1 - share done) to the ``power``, never below ``last`` of it.
When: segmentation as DeepLab and those after it train it.
Cost: none.
Options: power, last.
Reference: Chen et al. (DeepLab), arXiv 1606.00915, section 4.1.
"""

import math
from typing import final

from tombola.fitting.schedules._base import Schedule
from tombola.spec import option


@final
class Poly(Schedule):
    """From 1 at the first step towards ``last`` behind the final one."""

    power: float = option(0.9, "1 is straight down, less keeps the rate up for longer", gt=0)
    last: float = option(0.0, "the factor it stays above", ge=0, le=1)

    def factor(self, step: int, total: int, per_epoch: int) -> float:
        return max(self.last, math.pow(1 - min(step, total) / max(total, 1), self.power))
