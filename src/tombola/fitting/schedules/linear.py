"""Linear: straight down.

What: from the base learning rate straight down to a last fraction of it.
When: finetuning encoders of texts, whose papers do so, with ``warmup`` before it where they warm up.
Cost: none.
Options: last.
Reference: Devlin et al. (BERT), NAACL 2019, arXiv 1810.04805, appendix A.
"""

from typing import final

from tombola.fitting.schedules._base import Schedule
from tombola.spec import option


@final
class Linear(Schedule):
    """From 1 at the first step towards ``last`` behind the final one."""

    last: float = option(0.0, "the factor the line ends at", ge=0, le=1)

    def factor(self, step: int, total: int, per_epoch: int) -> float:
        return 1 - (1 - self.last) * step / max(total, 1)
