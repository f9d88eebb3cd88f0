"""Milestones: steps down at given times.

What: the learning rate is multiplied by gamma at each milestone.
When: the papers' own recipes (tenfold down at 50 and 100 of 150 epochs).
Cost: none.
Options: at (fractions of the training, or lengths such as "50ep"), gamma. Fractions keep the recipe's shape when a
   run is shortened.
Reference: torch.optim.lr_scheduler.MultiStepLR.
"""

from typing import Annotated, TypeAlias

from pydantic import PlainValidator

from tombola.fitting.schedules._base import Schedule
from tombola.spec import option
from tombola.units import Steps


def when(value: object) -> Steps | float:
    """A point in a training: a fraction between 0 and 1, or a length such as ``"50ep"``."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not 0 < value < 1:
            raise ValueError(f"{value!r} is not a fraction of the training; write 0.5, or a length such as '50ep'")
        return float(value)
    return Steps.parse(value)


When: TypeAlias = Annotated[Steps | float, PlainValidator(when)]


class Milestones(Schedule):
    """``gamma`` to the power of the milestones passed."""

    at: tuple[When, ...] = option((1 / 3, 2 / 3), "where the rate drops: fractions of the training, or '50ep', '500it'")
    gamma: float = option(0.1, "what the rate is multiplied with at each", gt=0, le=1)

    def factor(self, step: int, total: int, per_epoch: int) -> float:
        passed = sum(step >= _iterations(point, total, per_epoch) for point in self.at)
        return float(self.gamma**passed)


def _iterations(point: Steps | float, total: int, per_epoch: int) -> int:
    return point.iterations(per_epoch) if isinstance(point, Steps) else round(point * total)
