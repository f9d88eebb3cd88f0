"""The groups most worth keeping in a time: exact, nested, and never a layer kept slowly in part."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tombola.errors import MaskError
from tombola.schemes.latency.curve import Costs, Curve
from tombola.schemes.latency.within_time import Points, least, within


def layer(scores: list[float], curve: list[float], floor: int = 1) -> Points:
    return Points.of(np.array(scores), np.ones(len(scores)), Curve.of(curve), floor)


def test_a_curve_lies_straight_between_its_points_and_never_falls() -> None:
    curve = Curve.of([1.0, 4.0, 2.0])
    assert curve.seconds == (1.0, 2.0, 2.0)
    assert curve.at(np.array([0.0, 0.25, 0.5, 1.0])).tolist() == [1.0, 1.5, 2.0, 2.0]
    assert curve.times(2).dense == 4.0
    assert Curve.sampled(lambda kept: 3 * kept, 3) == Curve.of([0.0, 1.5, 3.0])


@pytest.mark.parametrize("wrong", [[1.0], [1.0, float("nan")], [-1.0, 2.0]])
def test_what_are_no_times_is_refused(wrong: list[float]) -> None:
    with pytest.raises(MaskError, match="no times of a layer"):
        Curve.of(wrong)


def test_a_prediction_adds_the_layers_and_the_rest() -> None:
    costs = Costs({"a": Curve.of([0, 4]), "b": Curve.of([1, 1])}, rest=0.5)
    assert costs.dense == 5.5
    assert costs.predicted({"a": 0.25, "b": 0.0}) == 2.5


def test_a_group_stays_when_its_score_exceeds_lambda_times_its_time() -> None:
    layers = {"cheap": layer([3, 1, 5, 2], [0, 4], 0), "dear": layer([3, 9, 5, 7], [0, 12], 0)}
    found = within(layers, 3 + 6)
    # Per second: 5 3 2 1 in the cheap layer, 3 2.33 1.67 1 in the dear one: 5, 3, 3, 2.33 fit into 2 + 6 seconds.
    assert found.counts == {"cheap": 3, "dear": 2}
    assert found.seconds == 9
    assert found.price == pytest.approx(5 / 3)


def test_zeros_come_first_where_time_is_dear() -> None:
    alike = [4.0, 3.0, 2.0, 1.0]
    found = within({"cheap": layer(alike, [0, 1]), "dear": layer(alike, [0, 4])}, 2.5)
    assert found.counts == {"cheap": 4, "dear": 1}


def test_a_layer_that_is_no_slower_dense_is_kept_whole() -> None:
    dense_from_half = {"a": layer([8, 7, 6, 5, 4, 3, 2, 1], [0, 4, 4], 0)}
    assert within(dense_from_half, 4).counts == {"a": 8}
    assert within(dense_from_half, 3).counts == {"a": 3}


def test_the_floor_stays_and_is_the_least() -> None:
    layers = {"a": layer([1, 2, 3, 4], [1, 5], 2), "b": layer([1, 2], [0, 2], 1)}
    assert least(layers) == 3 + 1
    assert within(layers, 4).counts == {"a": 2, "b": 1}


def test_groups_of_two_sizes_count_by_their_weights() -> None:
    of_two = Points.of(np.array([3.0, 2.0]), np.array([1.0, 4.0]), Curve.of([0, 5]), 0)
    assert of_two.seconds.tolist() == [0, 1, 5]
    assert of_two.worth.tolist() == [0, 3, 11]


SCORES = st.lists(st.integers(0, 50).map(float), min_size=1, max_size=6)
CURVES = st.lists(st.integers(0, 9).map(float), min_size=2, max_size=4)
NETS = st.lists(st.tuples(SCORES, CURVES), min_size=1, max_size=3)


@given(NETS, st.integers(0, 60), st.integers(0, 60))
def test_it_fits_and_more_time_never_drops_a_group(
    net: list[tuple[list[float], list[float]]], first: int, second: int
) -> None:
    layers = {str(number): layer(*item) for number, item in enumerate(net)}
    low, high = sorted(least(layers) + more / 3 for more in (first, second))
    tight, loose = within(layers, low), within(layers, high)
    assert tight.seconds <= low + 1e-9
    assert loose.seconds <= high + 1e-9
    assert all(tight.counts[name] <= loose.counts[name] for name in layers)


@given(NETS, st.integers(0, 60))
def test_nothing_that_fits_is_worth_more_than_lambda_allows(
    net: list[tuple[list[float], list[float]]], more: int
) -> None:
    layers = {str(number): layer(*item) for number, item in enumerate(net)}
    seconds = least(layers) + more / 3
    found = within(layers, seconds)
    won = sum(item.worth[list(item.counts).index(found.counts[name])] for name, item in layers.items())
    for points in itertools.product(*(range(len(item.counts)) for item in layers.values())):
        taken = sum(item.seconds[point] for item, point in zip(layers.values(), points, strict=True))
        worth = sum(item.worth[point] for item, point in zip(layers.values(), points, strict=True))
        if taken <= seconds and np.isfinite(found.price) and found.price >= 0:
            assert worth <= won + found.price * (seconds - found.seconds) + 1e-6


def test_by_share_a_group_counts_by_its_part_of_what_its_layer_keeps() -> None:
    small, large = [0.3, 0.2, 0.1], [30.0, 20.0, 10.0]
    by = {
        worth: {
            name: Points.of(np.array(item), np.ones(3), Curve.of([0, 3]), 0, worth)
            for name, item in (("small", small), ("large", large))
        }
        for worth in ("share", "sum")
    }
    assert within(by["sum"], 3).counts == {"small": 0, "large": 3}
    assert within(by["share"], 4).counts == {"small": 2, "large": 2}
    assert by["share"]["small"].worth.tolist() == pytest.approx([-5 / 9, -1 / 13, 0]), "pruned by kept, in squares"
    assert least(by["share"]) == 2, "by share one group stays even without a floor"
