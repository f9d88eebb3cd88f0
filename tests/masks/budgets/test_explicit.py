"""Explicit: named shares to the group, the rest under one threshold, and errors that say what to write."""

import re

import pytest
from tests.masks.budgets.groups import pruned, single, went

from tombola.errors import MaskError, RequestError
from tombola.masks.budgets._base import Budget, Groups
from tombola.masks.budgets.explicit import Explicit

INF = float("inf")


def net() -> dict[str, Groups]:
    return {
        "stem.weight": single([1, 2, 3, 4]),
        "layer1.conv.weight": single([5, 1, 6, 2]),
        "layer2.conv.weight": single([9, 7, 8, 0]),
    }


def test_named_layers_lose_their_share_and_the_others_the_rest() -> None:
    found = Explicit(layers={"stem": 0, "layer1": 0.75}).allocate(net(), 0.5)
    assert pruned(found) == {"stem.weight": [], "layer1.conv.weight": [0, 1, 3], "layer2.conv.weight": [1, 2, 3]}


def test_the_others_share_one_threshold() -> None:
    found = Explicit(layers={"layer2": 0.25}).allocate(net(), 5 / 12)
    assert pruned(found) == {"stem.weight": [0, 1], "layer1.conv.weight": [1, 3], "layer2.conv.weight": [3]}
    assert list(found.kept) == list(net())


def test_when_all_are_named_the_asked_sparsity_must_be_the_implied_one() -> None:
    budget = Explicit(layers={"stem": 0.25, "layer": 0.5})
    with pytest.raises(MaskError, match=re.escape("lose 5 of 12 weights, not 6; write sparsity=0.4166")) as caught:
        budget.allocate(net(), 0.5)
    implied = float(re.findall(r"sparsity=([\d.]+)", str(caught.value))[0])
    assert went(budget.allocate(net(), implied)) == 5


@pytest.mark.parametrize("sparsity", [0.1, 0.95])
def test_a_sparsity_the_named_layers_do_not_allow_is_refused_with_those_they_do(sparsity: float) -> None:
    budget = Explicit(layers={"stem": 1, "layer1": 0})
    with pytest.raises(MaskError, match="write a sparsity from") as caught:
        budget.allocate(net(), sparsity)
    lowest, highest = map(float, re.findall(r"from ([\d.]+) to ([\d.]+)", str(caught.value))[0])
    assert went(budget.allocate(net(), lowest)) == 4
    assert went(budget.allocate(net(), highest)) == 7


def test_a_layer_emptied_as_written_is_named() -> None:
    found = Explicit(layers={"stem": 1}).allocate(net(), 0.5)
    assert found.notes == ("emptied: nothing is left of stem.weight (of 4 groups); write floor=1 to spare them",)


def test_what_is_pruned_already_stays_so_and_the_others_keep_more() -> None:
    groups = {"a": single([-INF, -INF, -INF, 1]), "b": single([1, 2, 3, 4])}
    assert pruned(Explicit(layers={"a": 0.25}).allocate(groups, 0.5)) == {"a": [0, 1, 2], "b": [0]}


def test_patterns_that_find_nothing_or_disagree_are_errors() -> None:
    with pytest.raises(MaskError, match=r"no prunable tensor has 'layer3' in its name.*layer1\.conv\.weight"):
        Explicit(layers={"layer3": 0.5}).allocate(net(), 0.5)
    with pytest.raises(MaskError, match=r"did you mean 'stem\.weight'"):
        Explicit(layers={"stam.weight": 0.5}).allocate(net(), 0.5)
    with pytest.raises(MaskError, match=r"layer1\.conv\.weight is found by 'layer1' and 'conv', which disagree"):
        Explicit(layers={"layer1": 0.5, "conv": 0.75}).allocate(net(), 0.5)
    assert went(Explicit(layers={"layer1": 0.5, "conv": 0.5}).allocate(net(), 0.5)) == 6


@pytest.mark.parametrize(
    ("layers", "said"),
    [({}, "names no layer"), ({"(": 0.5}, "not a regular expression"), ({"a": 1.5}, "less than or equal to 1")],
)
def test_a_table_that_cannot_be_read_is_refused(layers: dict[str, float], said: str) -> None:
    with pytest.raises(RequestError, match=said):
        Budget.parse({"name": "explicit", "layers": layers})
