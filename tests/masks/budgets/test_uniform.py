"""Uniform: the same share of every tensor, and exactly so many of all."""

from tests.masks.budgets.groups import pruned, single, sized, went

from tombola.masks.budgets.uniform import Uniform

INF = float("inf")


def counts(sizes: list[int], sparsity: float, floor: int = 1) -> list[int]:
    groups = {str(place): single(list(range(size))) for place, size in enumerate(sizes)}
    return [len(gone) for gone in pruned(Uniform(floor=floor).allocate(groups, sparsity)).values()]


def test_each_loses_its_share() -> None:
    assert counts([10, 20, 30], 0.3) == [3, 6, 9]
    groups = {"a": single([4, 3, 6, 5]), "b": single([0.3, 0.2])}
    assert pruned(Uniform().allocate(groups, 0.5)) == {"a": [0, 1], "b": [1]}


def test_roundings_make_up_for_each_other() -> None:
    assert counts([3, 3, 3, 3], 0.5) == [2, 2, 1, 1]
    assert counts([5, 5], 0.5) == [3, 2]


def test_a_spared_layer_is_named_and_the_others_lose_more() -> None:
    groups = {"one": single([1]), "many": single(list(range(19)))}
    found = Uniform().allocate(groups, 0.9)
    assert pruned(found) == {"one": [], "many": list(range(18))}
    assert found.notes == ("spared by floor=1: one keeps 1 of 1 groups",)
    found = Uniform(floor=0).allocate(groups, 0.9)
    assert pruned(found) == {"one": [0], "many": list(range(17))}
    assert found.notes == ("emptied: nothing is left of one (of 1 groups); write floor=1 to spare them",)


def test_more_than_its_share_gone_already_is_made_up_for_by_the_others() -> None:
    groups = {"a": single([-INF, -INF, -INF, 4]), "b": single([1, 2, 3, 5]), "c": single([1, 2, 3, 5])}
    assert pruned(Uniform().allocate(groups, 0.5)) == {"a": [0, 1, 2], "b": [0, 1], "c": [0]}
    found = Uniform().allocate(groups, 1 / 6)
    assert pruned(found) == {"a": [0, 1, 2], "b": [], "c": []}
    assert found.notes == ("25.0% of the weights are pruned already, 16.7% were asked; no more went",)


def test_unequal_groups_come_nearest_in_each_tensor() -> None:
    groups = {"a": sized([1, 2, 3], [5, 4, 1]), "b": sized([3, 2, 1], [4, 4, 2])}
    assert pruned(Uniform().allocate(groups, 0.5)) == {"a": [0], "b": [1, 2]}
    assert went(Uniform().allocate(groups, 0)) == 0
