"""What every schedule keeps: a finite factor at every step, from the step alone, for a training of any length."""

import math

import torch

from tombola.fitting.schedules._base import Schedule

from .faults import NAN, Fault, gives
from .room import Check

LENGTHS = (1, 2, 7, 100)


def factors(schedule: Schedule, total: int) -> list[float]:
    """At every step."""
    return [schedule.factor(step, total, max(1, total // 3)) for step in range(total)]


def every_step_has_a_finite_factor(schedule: Schedule) -> None:
    for total in LENGTHS:
        found = factors(schedule, total)
        assert all(math.isfinite(factor) and 0 <= factor <= 1 for factor in found), found


def it_trains(schedule: Schedule) -> None:
    assert max(factors(schedule, 100)) > 0.5
    assert sum(factors(schedule, 100)) > 10


def the_step_alone_decides(schedule: Schedule) -> None:
    later = [schedule.factor(step, 100, 33) for step in reversed(range(100))]
    assert later[::-1] == factors(schedule, 100)


CHECKS: tuple[Check, ...] = (every_step_has_a_finite_factor, it_trains, the_step_alone_decides)


FAULTS: tuple[Fault, ...] = (
    Fault("gives NaN", "cosine", "factor", gives(lambda factor: NAN), every_step_has_a_finite_factor),
    Fault("goes below 0", "cosine", "factor", gives(lambda factor: -factor), every_step_has_a_finite_factor),
    Fault("never trains", "cosine", "factor", gives(lambda factor: 0.0), it_trains),
    Fault(
        "has no seed", "cosine", "factor", gives(lambda factor: factor * float(torch.rand(1))), the_step_alone_decides
    ),
)
