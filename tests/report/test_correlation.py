"""Spearman's rank correlation against scipy's, and its chance by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from tombola.report.correlation import rank_correlation, ranks


def test_equal_values_share_the_mean_of_their_places() -> None:
    assert ranks([3.0, 1.0, 3.0, 2.0]) == [3.5, 1.0, 3.5, 2.0]


def test_three_pairs_in_order_come_by_chance_once_in_three() -> None:
    found = rank_correlation([1, 2, 3], [5, 7, 9])
    assert found is not None
    assert (found.rho, found.n) == (1.0, 3)
    assert found.p == pytest.approx(2 / 6)


@pytest.mark.parametrize("ys", [[1.0, 2.0], [4.0, 4.0, 4.0]])
def test_too_few_or_all_alike_is_no_correlation(ys: list[float]) -> None:
    assert rank_correlation(list(range(len(ys))), ys) is None


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=8, max_size=15))
def test_it_is_scipys(pairs: list[tuple[int, int]]) -> None:
    xs, ys = [float(x) for x, _ in pairs], [float(y) for _, y in pairs]
    found = rank_correlation(xs, ys)
    if found is None:
        assert len(set(xs)) == 1 or len(set(ys)) == 1
        return
    theirs = spearmanr(xs, ys)
    assert found.rho == pytest.approx(float(theirs.statistic), abs=1e-9)
    assert found.p == pytest.approx(float(theirs.pvalue), abs=1e-6)
