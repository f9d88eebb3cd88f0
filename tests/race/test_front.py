"""What a race says of itself: in few lines, and whether its samples can tell its margin at all."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.race.test_rule import DENSE, INT8

from tombola.models.source import Source
from tombola.race.decided import Decided
from tombola.race.front import confirmed, lines, milliseconds
from tombola.race.paired import Difference
from tombola.race.picture import tone
from tombola.race.raced import Raced
from tombola.race.wanted import Wanted
from tombola.tasks._base import Task

LATE = {f"stripe:4, {part}% pruned, in C": "no time" for part in (60, 70, 80, 90, 95)} | {"a smaller net": "no time"}


def raced_on(samples: int, points: float = -0.5, low: float = -1.0) -> Raced:
    """A race that dense int8 won."""
    dense, int8 = (replace(one, samples=samples) for one in (DENSE, INT8))
    wanted = Wanted(Source.parse("resnet8"), Task.parse("digits"))
    some = Difference(points, low, 0.0, samples)
    ran: Any = None  # which only what is shipped comes from
    end = Decided(dict.fromkeys([dense, int8], ran), dense, int8, int8)
    return Raced(wanted, 20, 0, end, [int8, dense], some, Path("net"), left=LATE)


def told(samples: int) -> list[str]:
    """Its lines."""
    return lines(raced_on(samples))


@pytest.mark.parametrize(
    ("points", "low", "said"),
    [
        (-0.5, -1.0, "is within its 1 point: -0.50"),
        (-1.0, -1.1, "is within its 1 point, and the interval reaches beyond: -1.00"),
        (-1.1, -2.0, "misses its 1 point: -1.10"),
    ],
)
def test_what_held_out_samples_say_stands_under_the_advice(points: float, low: float, said: str) -> None:
    assert confirmed(raced_on(1000, points, low)).startswith(f"On held-out samples it {said}")


def test_rungs_that_were_left_out_for_one_reason_are_told_together() -> None:
    assert "not in the table: stripe:4, 60, 70, 80, 90 and 95% pruned, in C; a smaller net:" in told(1000)


@pytest.mark.parametrize(("samples", "said"), [(27, True), (99, True), (100, False), (1000, False)])
def test_it_is_said_where_one_sample_is_more_than_the_margin(samples: int, said: bool) -> None:
    assert any("validation samples cannot tell 1 point" in line for line in told(samples)) == said


def test_dense_nets_and_tickets_differ_in_colour() -> None:
    assert len({tone(DENSE), tone(INT8), tone(replace(INT8, entrant="stripes"))}) == 3


@pytest.mark.parametrize(
    ("ms", "said"), [(12.345, "12.35 ms"), (1.0, "1.00 ms"), (0.824, "0.824 ms"), (0.04123, "0.0412 ms")]
)
def test_times_of_small_nets_are_told_apart(ms: float, said: str) -> None:
    assert milliseconds(ms) == said
