"""Learning rates, on steps one can count."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tombola.errors import RequestError
from tombola.fitting.fit import Fit
from tombola.fitting.schedules._base import Schedule
from tombola.spec import build


def test_milestones_drop_at_their_step() -> None:
    schedule = Schedule.parse({"name": "milestones", "at": [0.5, "3ep"], "gamma": 0.1})
    assert [schedule.factor(step, 8, 2) for step in range(8)] == pytest.approx([1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01])


def test_a_milestone_outside_the_training_is_explained() -> None:
    with pytest.raises(RequestError, match=r"2 is not a fraction of the training; write 0\.5"):
        Schedule.parse({"name": "milestones", "at": [2]})


def test_cosine_is_half_way_down_in_the_middle() -> None:
    schedule = Schedule.parse({"name": "cosine", "last": 0.2})
    assert [schedule.factor(step, 4, 1) for step in (0, 2, 4)] == pytest.approx([1.0, 0.6, 0.2])


def test_poly_is_a_power_of_what_is_left_and_stays_above_its_last() -> None:
    schedule = Schedule.parse({"name": "poly", "power": 2, "last": 0.1})
    assert [schedule.factor(step, 4, 1) for step in range(5)] == pytest.approx([1.0, 0.5625, 0.25, 0.1, 0.1])


def test_one_cycle_peaks_where_it_says() -> None:
    factors = [Schedule.parse({"name": "one_cycle", "peak": 0.5}).factor(step, 4, 1) for step in range(4)]
    assert factors == pytest.approx([0.25, 0.75, 0.75, 0.25])


def test_warm_up_rises_to_the_whole_rate() -> None:
    recipe = build(Fit, {"warmup": "4it", "schedule": "constant", "optimizer": {"lr": 1.0}})
    assert [recipe.learning_rate(step, 9, 3) for step in range(6)] == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]


@given(name=st.sampled_from(Schedule.family.names()), total=st.integers(1, 500), data=st.data())
def test_every_factor_lies_between_0_and_1(name: str, total: int, data: st.DataObject) -> None:
    factor = Schedule.parse(name).factor(data.draw(st.integers(0, total - 1)), total, 7)
    assert math.isfinite(factor)
    assert 0 <= factor <= 1
