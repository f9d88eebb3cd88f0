"""Certificates from counts: values by hand, growth, the ceiling, and when nothing can be said."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, norm

from tombola.properties._smoothing import (
    average_radius,
    ceiling,
    certificate,
    certified_share,
    fewest_to_certify,
    fewest_to_predict,
    lower_bound,
    prediction,
    radius,
)

ALPHAS = st.floats(1e-9, 0.4)


def test_bounds_by_hand() -> None:
    # all agree: p ** n == alpha; one agrees: 1 - (1 - p) ** n == alpha; none agrees: nothing is known
    assert lower_bound(100, 100, 0.001) == pytest.approx(0.001 ** (1 / 100), rel=1e-12)
    assert lower_bound(1, 20, 0.05) == pytest.approx(1 - 0.95 ** (1 / 20), rel=1e-12)
    assert lower_bound(0, 20, 0.05) == 0
    # 0.4930987: the tabulated exact 95 % interval of 8 of 10 ends at 0.4439, its one-sided bound at 0.4931
    assert lower_bound(8, 10, 0.025) == pytest.approx(0.44390, abs=5e-6)
    assert lower_bound(8, 10, 0.05) == pytest.approx(0.49310, abs=5e-6)


@settings(max_examples=60, deadline=None)
@given(n=st.integers(1, 2000), share=st.floats(0, 1), alpha=ALPHAS)
def test_the_bound_is_the_share_that_gives_so_many_alpha_of_times(n: int, share: float, alpha: float) -> None:
    count = max(1, round(share * n))
    bound = lower_bound(count, n, alpha)
    assert binom.sf(count - 1, n, bound) == pytest.approx(alpha, rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(n=st.integers(10, 1500), alpha=ALPHAS, sigma=st.floats(0.01, 4))
def test_the_radius_grows_with_the_count_up_to_the_ceiling(n: int, alpha: float, sigma: float) -> None:
    found = [radius(count, n, sigma=sigma, alpha=alpha) for count in range(0, n + 1, max(1, n // 17))]
    certified = [value for value in found if value is not None]
    assert found[: len(found) - len(certified)] == [None] * (len(found) - len(certified)), "few abstain, many do not"
    assert certified == sorted(certified)
    assert all(value <= ceiling(n, sigma=sigma, alpha=alpha) for value in certified)
    bigger = [radius(2 * count, 2 * n, sigma=sigma, alpha=alpha) or 0 for count in (n // 2 + 1, n)]
    assert bigger[1] >= ceiling(n, sigma=sigma, alpha=alpha), "twice the samples certify as far or further"


@settings(max_examples=30, deadline=None)
@given(sigma=st.floats(0.01, 4), count=st.integers(600, 1000))
def test_the_radius_is_as_long_as_sigma(sigma: float, count: int) -> None:
    one = radius(count, 1000, sigma=1, alpha=0.001)
    assert one is not None
    assert radius(count, 1000, sigma=sigma, alpha=0.001) == pytest.approx(sigma * one)


@pytest.mark.parametrize(("n", "published"), [(100, 1.50), (500, 2.21), (1000, 2.46), (10_000, 3.20), (100_000, 3.81)])
def test_the_ceilings_are_those_published(n: int, published: float) -> None:
    assert ceiling(n, sigma=1, alpha=0.001) == pytest.approx(published, abs=0.005)
    assert ceiling(n, sigma=0.5, alpha=0.001) == pytest.approx(0.5 * norm.ppf(0.001 ** (1 / n)))


def test_a_small_majority_is_an_abstention() -> None:
    assert certificate(3, 540, 1000, sigma=0.25, alpha=0.001).radius is None
    found = certificate(3, 560, 1000, sigma=0.25, alpha=0.001)
    assert found.radius is not None
    assert 0 < found.radius < 0.01
    assert (found.answer, found.count, found.n) == (3, 560, 1000)


@settings(max_examples=100, deadline=None)
@given(alpha=ALPHAS)
def test_the_fewest_samples_are_the_fewest(alpha: float) -> None:
    n = fewest_to_certify(alpha)
    assert radius(n, n, sigma=1, alpha=alpha) is not None
    assert n == 1 or radius(n - 1, n - 1, sigma=1, alpha=alpha) is None
    n = fewest_to_predict(alpha)
    assert prediction([n, 0], alpha) == 0
    assert prediction([n - 1, 0], alpha) is None


def test_ten_samples_predict_nothing_at_a_thousandth() -> None:
    assert prediction([0, 10, 0], 0.001) is None
    assert prediction([0, 11, 0], 0.001) == 1
    assert (fewest_to_certify(0.001), fewest_to_predict(0.001)) == (10, 11)
    assert (fewest_to_certify(0.25), fewest_to_predict(0.25)) == (2, 3)


def test_prediction_looks_at_the_first_two_classes_alone() -> None:
    # 9 against 1: p = 2 * (1 + 10) / 2 ** 10 = 0.0215; the other classes' samples do not count
    assert prediction([1, 9, 1, 1, 1, 1], 0.0215) == 1
    assert prediction([1, 9, 0, 0, 0, 0], 0.0214) is None
    assert prediction([5, 5], 0.3) is None
    assert prediction([0, 0], 0.3) is None
    assert prediction([7], 0.1) == 0


@settings(max_examples=60, deadline=None)
@given(counts=st.lists(st.integers(0, 60), min_size=2, max_size=5), thousandths=st.integers(1, 400))
def test_prediction_is_a_two_sided_test_of_a_fair_coin(counts: list[int], thousandths: int) -> None:
    second, first = sorted(counts)[-2:]
    n = first + second
    tails = 2 * sum(math.comb(n, k) for k in range(second + 1))  # of 2 ** n; both tails, the middle at most twice
    answers = first > second and 1000 * tails <= thousandths * 2**n
    found = prediction(counts, thousandths / 1000)
    assert found == (counts.index(first) if answers else None)


def test_shares_count_the_wrong_and_the_abstained_out() -> None:
    right = [0.0, 0.1, None, 0.25]
    assert [certified_share(right, at) for at in (0, 0.1, 0.2, 0.25, 0.3)] == [0.75, 0.5, 0.25, 0.25, 0]
    assert math.isclose(average_radius(right), 0.35 / 4)
