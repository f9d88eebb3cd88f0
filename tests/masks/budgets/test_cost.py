"""Cost: score against operations or milliseconds, one lambda, exactly so many weights or so much cost."""

import re

import pytest
import torch
from tests.masks.budgets.groups import pruned, single, sized
from torch import Size

from tombola.errors import MaskError, RequestError
from tombola.masks.budgets._base import Allocation, Budget, Groups
from tombola.masks.budgets.cost import Cost
from tombola.masks.budgets.global_ import Global
from tombola.masks.layers import Layer, numbers


def net() -> dict[str, Groups]:
    return {"early": single([8, 16, 24, 32], positions=16), "late": single([1, 2, 3, 4], positions=1)}


def solved(found: Allocation) -> float:
    return float(re.findall(r"lambda=([-\d.e+]+)", " ".join(found.notes))[0])


def test_a_group_stays_when_its_score_exceeds_lambda_times_its_cost() -> None:
    found = Cost().allocate(net(), 0.5)
    assert pruned(found) == {"early": [0, 1, 2], "late": [0]}
    assert solved(found) == 1.5
    for name, item in net().items():
        positions = item.layer.positions
        assert positions is not None
        assert found.kept[name].tolist() == [score > 1.5 * positions for score in item.scores.tolist()]
    assert "50.0% of the weights and 72.1% of the operations are pruned" in found.notes[0]


def test_where_all_cost_the_same_it_is_global() -> None:
    groups = {"a": single([3, 1, -2, 5], positions=7), "b": single([2, -4, 6, 0], positions=7)}
    for sparsity in (0.1, 0.25, 0.5, 0.75):
        assert pruned(Cost().allocate(groups, sparsity)) == pruned(Global().allocate(groups, sparsity))


def test_the_share_may_be_that_of_the_cost() -> None:
    found = Cost(of="cost").allocate(net(), 0.5)
    assert pruned(found) == {"early": [0, 1], "late": [0]}  # 33 of 68 operations; 49 with the next
    assert "37.5% of the weights and 48.5% of the operations" in found.notes[-1]


def test_milliseconds_come_from_a_table_of_whole_dense_layers() -> None:
    budget = Cost(costs={"ear": 4.0, "^late$": 0.25})
    assert not budget.needs_positions
    assert Cost().needs_positions
    groups = {name: Groups(item.scores, item.sizes, Layer(item.layer.shape)) for name, item in net().items()}
    found = budget.allocate(groups, 0.5)
    assert pruned(found) == pruned(Cost().allocate(net(), 0.5))
    assert solved(found) == 24 / (4.0 / 4)
    assert "milliseconds" in found.notes[0]


def test_a_group_of_many_weights_costs_all_of_them() -> None:
    layer = Layer(Size((8,)), positions=2)
    whole = {"a": Groups(torch.tensor([3.0, 1.0]), numbers((2,), 4), layer), "b": sized([0.8, 2], [4, 4], 1)}
    assert pruned(Cost().allocate(whole, 0.5)) == {"a": [1], "b": [0]}


def test_below_zero_the_costly_go_first() -> None:
    groups = {"dear": single([-1, 5], positions=10), "cheap": single([-1, 5], positions=1)}
    assert pruned(Cost().allocate(groups, 0.25)) == {"dear": [0], "cheap": []}
    found = Cost().allocate(groups, 0.5)
    assert pruned(found) == {"dear": [0], "cheap": [0]}
    assert solved(found) == 0


def test_what_costs_nothing_goes_last() -> None:
    groups = {"free": single([1, 0.5, -1], positions=0), "paid": single([100, 200, 300], positions=1)}
    assert pruned(Cost().allocate(groups, 0.5)) == {"free": [2], "paid": [0, 1]}


def test_costs_that_are_missing_unknown_or_all_nothing_are_errors() -> None:
    unknown = {"a": single([1, 2])}
    with pytest.raises(MaskError, match="write image=224"):
        Cost().allocate(unknown, 0.5)
    with pytest.raises(MaskError, match="none is given for late"):
        Cost(costs={"early": 1.0}).allocate(net(), 0.5)
    with pytest.raises(MaskError, match="no prunable tensor has 'middle'"):
        Cost(costs={"middle": 1.0}).allocate(net(), 0.5)
    with pytest.raises(MaskError, match="costs nothing"):
        Cost().allocate({"a": single([1, 2], positions=0)}, 0.5)
    with pytest.raises(RequestError, match="names no layer"):
        Budget.parse({"name": "cost", "costs": {}})
    with pytest.raises(RequestError, match="greater than or equal to 0"):
        Budget.parse({"name": "cost", "costs": {"a": -1}})


def test_a_floor_of_the_cost_speaks_of_the_cost() -> None:
    groups = {"a": single([1], positions=8), "b": single([2, 3], positions=1)}
    with pytest.raises(MaskError, match="of 10 cost are to go, but floor=1 keeps 9 of them"):
        Cost(of="cost").allocate(groups, 0.9)
