"""Two nets on the same samples: how much better one tells them, and how sure that is."""

from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np

from tombola.outcomes import Z95, Outcomes
from tombola.race.finish import Finish

_ONE_SIDED: Final = 1.6449
"""Standard errors: 95 % of a normal distribution lie above."""


@dataclass(frozen=True)
class Difference:
    """Points of accuracy above another's, on the same samples, with the 95 % interval."""

    points: float
    low: float
    high: float
    samples: int

    @property
    def error(self) -> float:
        """One standard error, in points."""
        return (self.high - self.low) / (2 * Z95)

    @property
    def doubt(self) -> float:
        """How far below the points the one-sided 95 % interval begins."""
        return _ONE_SIDED * self.error

    def __str__(self) -> str:
        return f"{self.points:+.2f} points ({self.low:+.2f} to {self.high:+.2f}, 95 %, {self.samples:,} samples)"


def difference(one: Finish, other: Finish) -> Difference:
    """How much better one tells the samples that both were shown.

    The interval is Agresti and Min's (2005) for paired proportions: half a sample is added to each of the four cells,
    so that two nets which never differ are not called equal for certain.
    """
    left, right = (Outcomes.parse(item.outcomes) for item in (one, other))
    if (left.of, left.count) != (right.of, right.count):
        raise ValueError("the two were shown different samples")
    gained = int(np.sum(left.table() & ~right.table()))
    lost = int(np.sum(~left.table() & right.table()))
    count, more, fewer = left.count + 2, gained + 0.5, lost + 0.5
    middle = (more - fewer) / count
    half = Z95 * sqrt(max(0.0, (more + fewer) / count - middle**2) / count)
    points = 100 * (gained - lost) / left.count
    return Difference(points, 100 * (middle - half), 100 * (middle + half), left.count)


def easier(validated: Finish, held_out: Finish) -> float:
    """Points that one net is better on validation samples; 0 where they are within three standard errors of chance.

    The error is that of a difference of two shares, were both of one truth.
    """
    points, right = (
        validated.accuracy - held_out.accuracy,
        [one.accuracy * one.samples for one in (validated, held_out)],
    )
    share = sum(right) / (100 * (validated.samples + held_out.samples))
    error = 100 * sqrt(share * (1 - share) * (1 / validated.samples + 1 / held_out.samples))
    return points if points > 3 * error else 0.0
