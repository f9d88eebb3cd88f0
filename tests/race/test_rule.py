"""The rule of a race on figures alone: margins, costs, heats, and the interval of a paired difference."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tombola.outcomes import Outcomes
from tombola.race.finish import Finish, Timed
from tombola.race.limits import Limits
from tombola.race.paired import difference, easier
from tombola.race.rule import (
    Standing,
    best,
    between,
    halved,
    holds,
    no_faster_than_sparser,
    reference,
    steadied,
    worth_training,
    yardstick_of,
)

DENSE = Finish("onnxruntime", 4.0, 400, "dense", "float32", 90.0, 100)
INT8 = Finish("onnxruntime:int8", 2.0, 100, "dense", "int8", 89.5, 100)
STRIPES = Finish("native", 1.0, 200, "stripes", "float32", 88.0, 100)


def told(right: list[bool], of: str = "same") -> Finish:
    return replace(DENSE, outcomes=Outcomes.made(right, of).text)


def test_the_dense_net_that_counts_is_the_fastest_in_float32() -> None:
    slower = replace(DENSE, engine="openvino", ms=5.0)
    assert reference([INT8, slower, DENSE]) is DENSE
    assert reference([INT8]) is INT8, "where nothing runs float32, what there is"


@pytest.mark.parametrize(
    ("margin", "target", "winner"),
    [
        (1.0, "latency", INT8),
        (2.0, "latency", STRIPES),
        (2.0, "size", INT8),
        (2.0, "both", INT8),
        (0.4, "latency", DENSE),
    ],
)
def test_the_cheapest_within_the_margin_wins(margin: float, target: str, winner: Finish) -> None:
    assert best([DENSE, INT8, STRIPES], DENSE, margin, target) is winner  # type: ignore[arg-type]


def test_the_dense_net_is_shipped_where_nothing_holds_the_margin() -> None:
    assert best([INT8, STRIPES], DENSE, 0.1, "latency") is DENSE


def test_what_is_over_the_limits_is_not_shipped_however_well_it_does() -> None:
    some = [DENSE, INT8, STRIPES]
    assert best(some, DENSE, 1.0, "latency", Limits(ms=3.0)) is INT8
    assert best(some, DENSE, 1.0, "latency", Limits(ms=1.5)) is STRIPES, "the nearest, though it misses the margin"
    assert best(some, DENSE, 1.0, "latency", Limits(ms=0.5)) is DENSE, "nothing is allowed"
    assert best(some, DENSE, 2.0, "latency", Limits(bytes=150)) is INT8


def test_exactly_the_margin_is_within_it() -> None:
    assert holds(STRIPES, DENSE, 2.0)
    assert not holds(STRIPES, DENSE, 1.999)


def test_a_pruned_net_holds_the_margin_for_sure() -> None:
    """Of 100 samples 3 are lost and 1 is gained: 2 points below, with an error of 2.2 by Agresti and Min."""
    right = told([True] * 99 + [False])
    fewer = replace(told([True] * 96 + [False] * 3 + [True]), accuracy=97.0)
    right = replace(right, accuracy=99.0)
    error = difference(fewer, right).error
    assert error == pytest.approx(2.18, abs=0.01)
    doubt = difference(fewer, right).doubt
    assert doubt == pytest.approx(1.645 * error, rel=1e-3)
    ticket = replace(fewer, pruned=True)
    assert holds(fewer, right, 2.0), "a dense net in another arithmetic is taken at its word"
    assert not holds(ticket, right, 2.0)
    assert not holds(ticket, right, 2.0 + doubt - 0.01)
    assert holds(ticket, right, 2.0 + doubt + 0.01)


def test_times_are_put_beside_a_yardstick_that_ran_in_turns_with_them() -> None:
    yardstick = Timed("onnxruntime", 10.0, 5)
    busy = [Timed("native", 12.0, 1), Timed("onnxruntime", 30.0, 5)]  # everything takes three times as long
    assert steadied(busy, yardstick) == [Timed("native", pytest.approx(4.0), 1)]  # type: ignore[arg-type]
    assert steadied(busy, None) == busy
    assert yardstick_of([Timed("onnxruntime:int8", 1.0, 1), yardstick], ["onnxruntime"]) is yardstick


def test_who_cannot_win_is_not_trained_and_is_told_why() -> None:
    known = {
        "slow": [Timed("native", 3.0, 1)],
        "fast": [Timed("a", 9.0, 1), Timed("b", 1.5, 1)],
        "faster": [Timed("native", 1.0, 1)],
        "as fast": [Timed("native", 2.0, 1)],
    }
    chosen, others = worth_training(known, 2.0, "latency")
    assert chosen == ["faster", "fast"], "the cheapest first"
    assert set(others) == {"slow", "as fast"}
    assert "3 ms at best, and a dense net takes 2" in others["slow"]


@given(st.dictionaries(st.text(max_size=3), st.tuples(st.none() | st.floats(1, 9), st.floats(0, 100)), max_size=9))
def test_half_stay_and_they_hold_the_margin_for_less_or_tell_more(told: dict[str, tuple[float | None, float]]) -> None:
    standing = {label: Standing(*one) for label, one in told.items()}
    stayed = halved(standing)
    assert len(stayed) == (len(standing) + 1) // 2
    gone = set(standing) - set(stayed)
    assert all(standing[there].worth >= standing[other].worth for there in stayed for other in gone)


def test_who_holds_the_margin_stays_before_who_does_not_and_of_equals_the_first() -> None:
    assert halved({"a": Standing(None, 99.0), "b": Standing(2.0, 80.0)}) == ["b"]
    assert halved({"a": Standing(2.0, 99.0), "b": Standing(1.0, 80.0)}) == ["b"], "the cheaper one"
    assert halved({"a": Standing(None, 1.0), "b": Standing(None, 1.0)}) == ["a"]


def test_times_between_two_that_are_known_lie_on_the_line() -> None:
    found = between([Timed("a", 4.0, 100), Timed("b", 1.0, 1)], [Timed("a", 2.0, 20)], 0.25)
    assert found == [Timed("a", 3.5, 80)]


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_the_difference_is_that_of_the_accuracies_and_lies_in_its_interval(pairs: list[tuple[bool, bool]]) -> None:
    left, right = told([one for one, _ in pairs]), told([other for _, other in pairs])
    found = difference(left, right)
    assert found.points == pytest.approx(100 * sum(one - other for one, other in pairs) / len(pairs))
    assert found.low < found.high, "no sample of a few is proof of equality"
    turned = difference(right, left)
    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low))


def test_the_interval_is_agresti_and_mins_by_hand() -> None:
    # 100 samples, 12 gained and 4 lost: (12.5 - 4.5) / 102 = 0.07843; variance ((17 / 102) - 0.07843^2) / 102
    found = difference(told([True] * 12 + [False] * 4 + [True] * 84), told([False] * 12 + [True] * 4 + [True] * 84))
    assert found.points == pytest.approx(8.0)
    assert (found.low, found.high) == pytest.approx((0.0619, 15.624), abs=0.01)


def test_different_samples_are_not_compared() -> None:
    with pytest.raises(ValueError, match="different samples"):
        difference(told([True], "these"), told([True], "those"))


def test_validation_samples_that_are_known_too_well_are_told_from_chance() -> None:
    """99 % of 1,000 against 89.9 % of 1,000 is no chance; the error of two halves of 200 is 5 points."""
    known = replace(DENSE, accuracy=99.0, samples=1000)
    assert easier(known, replace(known, accuracy=89.9)) == pytest.approx(9.1)
    assert easier(replace(known, accuracy=89.9), known) == 0.0
    half = replace(DENSE, accuracy=57.0, samples=200)
    assert easier(half, replace(half, accuracy=43.0)) == 0.0
    assert easier(replace(half, accuracy=59.0), replace(half, accuracy=43.0)) == pytest.approx(16.0)


def test_who_keeps_more_is_not_taken_for_faster() -> None:
    """A machine that was busy for one of two rungs does not decide which is shipped."""
    sparse, middle, mild = (
        Finish("native:int8", ms, 300, label, "int8", 90.0, 100)
        for label, ms in (("70%", 0.4), ("60%", 0.5), ("50%", 0.3))
    )
    other = replace(mild, engine="native", ms=0.1)
    found = no_faster_than_sparser([[sparse], [middle], [mild, other]])
    assert [[one.ms for one in finishes] for finishes in found] == [[0.4], [0.5], [0.5, 0.1]]
    assert best([finishes[0] for finishes in found], mild, 1.0, "latency") == sparse
