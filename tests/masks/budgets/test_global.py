"""Global: one threshold, a floor that spares the last of a layer, and says so."""

import pytest
from tests.masks.budgets.groups import pruned, single

from tombola.errors import MaskError
from tombola.masks.budgets.global_ import Global

INF = float("inf")


def test_the_lowest_of_all_go_and_of_equal_ones_the_first_tensor() -> None:
    groups = {"a": single([3, 1, 2]), "b": single([1, 5, -4])}
    assert pruned(Global().allocate(groups, 0.5)) == {"a": [1], "b": [0, 2]}
    assert pruned(Global().allocate(groups, 1 / 3)) == {"a": [1], "b": [2]}
    assert Global().allocate(groups, 0.5).notes == ()


def test_a_spared_layer_is_named_and_the_next_lowest_elsewhere_goes() -> None:
    groups = {"small": single([0.1, 0.2]), "large": single([3, 4, 5, 6])}
    found = Global().allocate(groups, 0.5)
    assert pruned(found) == {"small": [0], "large": [0, 1]}
    assert found.notes == ("spared by floor=1: small keeps 1 of 2 groups",)


def test_without_a_floor_it_is_emptied_and_named() -> None:
    groups = {"small": single([0.1, 0.2]), "large": single([3, 4, 5, 6])}
    found = Global(floor=0).allocate(groups, 0.5)
    assert pruned(found) == {"small": [0, 1], "large": [0]}
    assert found.notes == ("emptied: nothing is left of small (of 2 groups); write floor=1 to spare them",)


def test_a_layer_that_is_in_danger_only_because_another_was_spared_is_named_too() -> None:
    groups = {"a": single([1]), "b": single([2, 3]), "c": single([4, 5, 6])}
    found = Global().allocate(groups, 0.5)
    assert pruned(found) == {"a": [], "b": [0], "c": [0, 1]}
    assert found.notes == ("spared by floor=1: a keeps 1 of 1 groups, b keeps 1 of 2 groups",)


def test_of_equal_scores_the_last_of_a_layer_is_spared() -> None:
    groups = {"a": single([1, 1, 1]), "b": single([1, 1, 1])}
    found = Global().allocate(groups, 0.5)
    assert pruned(found) == {"a": [0, 1], "b": [0]}
    assert found.notes == ("spared by floor=1: a keeps 1 of 3 groups",)


def test_what_is_pruned_already_does_not_come_back() -> None:
    groups = {"a": single([-INF, -INF, -INF, 4]), "b": single([1, 2, 3, 5])}
    assert pruned(Global().allocate(groups, 0.5)) == {"a": [0, 1, 2], "b": [0]}
    found = Global().allocate(groups, 0.25)
    assert pruned(found) == {"a": [0, 1, 2], "b": []}
    assert found.notes == ("37.5% of the weights are pruned already, 25.0% were asked; no more went",)
    assert pruned(Global().allocate(groups, 0)) == {"a": [0, 1, 2], "b": []}


def test_a_layer_that_is_empty_already_is_not_spared() -> None:
    groups = {"a": single([-INF, -INF]), "b": single([1, 2])}
    found = Global().allocate(groups, 0.75)
    assert pruned(found) == {"a": [0, 1], "b": [0]}
    assert found.notes == ()


def test_an_impossible_count_is_refused_with_what_to_write() -> None:
    with pytest.raises(MaskError) as caught:
        Global(floor=2).allocate({"a": single([1, 2, 3]), "b": single([4, 5])}, 0.9)
    assert str(caught.value) == (
        "4 of 5 weights are to go, but floor=2 keeps 4 of them;"
        " write a sparsity of at most 0.2, or floor=0 to let layers be emptied"
    )
