"""The count of groups that comes nearest to a target, against trying them all."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.masks.budgets.groups import sized

from tombola.masks.budgets._ranking import all_but, asked, gone, nearest, one_size, weights_in


@given(st.lists(st.integers(1, 5), min_size=1, max_size=12), st.floats(0, 1))
def test_nearest_is_the_nearest_and_of_two_the_even_one(sizes: list[int], share: float) -> None:
    upto = np.cumsum([0, *sizes]).astype(float)
    target = share * float(upto[-1])
    distances = np.abs(upto - target)
    closest = [count for count, distance in enumerate(distances.tolist()) if distance == distances.min()]
    found = nearest(upto, target)
    assert found in closest
    if len(closest) == 2:
        assert found % 2 == 0


def test_unequal_groups_by_eye() -> None:
    groups = {"a": sized([4, 1], [3, 2]), "b": sized([2, 3], [5, 1])}
    assert one_size(groups) is None
    assert weights_in(groups) == 11
    kept = all_but(groups, 6)  # of 2, 7, 8 and 11 that can go, 7 is nearest
    assert kept["a"].tolist() == [True, False]
    assert kept["b"].tolist() == [False, True]


def test_what_is_asked_of_groups_of_one_size_is_whole_groups_rounded_half_to_even() -> None:
    five = {"a": sized([1, 2, 3, 4, 5], [9] * 5)}
    assert [asked(five, share) / 9 for share in (0.1, 0.3, 0.5, 0.7)] == [0, 2, 2, 4]
    assert asked({"a": sized([1, 2], [9, 8])}, 0.5) == 8.5


def test_what_is_gone_is_counted_in_weights() -> None:
    assert gone(sized([1, float("-inf"), 2, float("-inf")], [1, 2, 4, 8])) == 10
    assert gone(sized([1, -2], [1, 2])) == 0
