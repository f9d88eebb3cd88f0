"""Percentiles and the few numbers of many runs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tombola.benching.numbers import Run, percentile, times


def test_a_percentile_lies_between_its_neighbours_in_proportion() -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], 50) == 2.5
    assert percentile([float(number) for number in range(11)], 90) == 9.0
    assert percentile([7.0], 90) == 7.0


@given(st.lists(st.floats(0, 1e3), min_size=1, max_size=40), st.floats(0, 100))
def test_a_percentile_is_numpys(values: list[float], rank: float) -> None:
    import numpy as np

    assert percentile(values, rank) == pytest.approx(float(np.percentile(values, rank)), abs=1e-9)


def test_every_run_counts_interrupted_or_not() -> None:
    found = times([Run(1.0, processor=0.5), Run(3.0, interrupted=True, processor=0.6), Run(2.0, processor=0.7)])
    assert (found.p50, found.best, found.processor, found.runs, found.interrupted) == (2.0, 1.0, 0.6, 3, 1)
