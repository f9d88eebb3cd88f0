"""One cycle: straight up, then straight down.

What: straight up to the base learning rate, then straight down.
When: short trainings with a high rate, above all fast adversarial training.
Cost: none.
Options: peak (where), first and last (the factors at both ends).
Reference: Smith, 2018; Wong et al., ICLR 2020 (15 epochs, rate 0.2, peak at two fifths).
"""

from tombola.fitting.schedules._base import Schedule
from tombola.spec import option


class OneCycle(Schedule):
    """Piecewise linear: ``first`` at the start, 1 at ``peak``, ``last`` at the end."""

    peak: float = option(0.4, "where the rate is highest, as a fraction of the training", gt=0, lt=1)
    first: float = option(0.0, "the factor before the first step", ge=0, le=1)
    last: float = option(0.0, "the factor behind the final step", ge=0, le=1)

    def factor(self, step: int, total: int, per_epoch: int) -> float:
        # Step k of a training uses the rate in the middle of the k-th step, so neither end trains with a rate of 0.
        where = (step + 0.5) / max(total, 1)
        if where < self.peak:
            return self.first + (1 - self.first) * where / self.peak
        return self.last + (1 - self.last) * (1 - where) / (1 - self.peak)
