"""Numbers as the report writes them, and where a plot puts them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tombola.report.curves import Summary
from tombola.report.numbers import duration, mean_and_spread, number, percent, signed
from tombola.report.scales import kept_halvings, padded, spread_out, thinned, ticks


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (91.25, "%", "91.2"),
        (12345.6, "bytes", "12,346"),
        (0.1234, "", "0.123"),
        (12.345, "", "12.35"),
        (-3.0, "%", "-3.0"),
    ],
)
def test_digits_follow_the_unit_and_the_size(value: float, unit: str, text: str) -> None:
    assert number(value, unit) == text


@pytest.mark.parametrize(("value", "text"), [(1.25, "+1.2"), (-0.44, "−0.4"), (0.0, "0.0"), (-0.01, "0.0")])
def test_a_lead_has_a_sign_unless_it_rounds_to_nothing(value: float, text: str) -> None:
    assert signed(value, "points") == text


def test_a_spread_has_the_digits_of_its_mean() -> None:
    assert mean_and_spread(Summary({0: 90_000.0, 1: 90_001.0}), "bytes") == "90,000 ± 1"
    assert mean_and_spread(Summary({0: 5.0}), "%") == "5.0"


def test_words_for_shares_and_times() -> None:
    assert [percent(s) for s in (0.0, 0.57, 0.9995, None)] == ["0 %", "57 %", "99.95 %", "–"]
    assert [duration(s) for s in (0.94, 48.2, 200.0, 7500.0)] == ["0.9 s", "48 s", "3 min 20 s", "2 h 5 min"]


def test_sparsity_is_spaced_by_halvings() -> None:
    assert [kept_halvings(s) for s in (0.0, 0.5, 0.75, 1.0)] == [0.0, 1.0, 2.0, 12.0]


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_are_inside_few_and_evenly_apart(low: float, width: float) -> None:
    found = ticks(low, low + width)
    assert 2 <= len(found) <= 8
    assert low - 1e-6 * width <= found[0] < found[-1] <= low + width * (1 + 1e-6) + 1e-6


def test_a_flat_range_is_opened_and_per_cent_stay_per_cent() -> None:
    low, high = padded([5.0, 5.0], "")
    assert low < 5.0 < high
    assert padded([0.0, 100.0], "%") == (-1.0, 101.0)
    low, high = padded([0.0], "")
    assert low < high


@given(st.lists(st.floats(0, 100), max_size=6))
def test_labels_keep_apart_and_inside(wanted: list[float]) -> None:
    placed = sorted(spread_out(wanted, 16, 0, 100))
    assert all(b - a >= 16 - 1e-9 for a, b in pairwise(placed))
    assert not placed or (placed[0] >= -1e-9 and placed[-1] <= 100 + 1e-9)


def test_crowded_tick_labels_are_thinned_and_the_last_stays() -> None:
    assert thinned([0, 5, 10, 30, 33], 8) == [0, 2, 4]
