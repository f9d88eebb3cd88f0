"""Cosine: half a cosine down.

What: half a cosine from the base learning rate down to a last fraction of it.
When: the default: no milestones to choose, and it may be shortened freely.
Cost: none.
Options: last.
Reference: Loshchilov and Hutter, ICLR 2017 (without restarts).
"""

import math

from tombola.fitting.schedules._base import Schedule
from tombola.spec import option


class Cosine(Schedule):
    """From 1 at the first step towards ``last`` behind the final one."""

    last: float = option(0.0, "the factor the curve ends at", ge=0, le=1)

    def factor(self, step: int, total: int, per_epoch: int) -> float:
        return self.last + (1 - self.last) * 0.5 * (1 + math.cos(math.pi * step / max(total, 1)))
