"""LAMP: the published scores, and the masks they give."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.masks.budgets.groups import pruned, single
from torch import Tensor

from tombola.masks.budgets.lamp import LAMP, layer_adaptive


def published(weights: Tensor) -> list[float]:
    """Equation 3, by its words: u and v ordered by magnitude, those of equal magnitude by index."""
    flat = weights.flatten().tolist()
    ranks = sorted(range(len(flat)), key=lambda place: (abs(flat[place]), place))
    place_of = {place: rank for rank, place in enumerate(ranks)}
    return [
        flat[u] ** 2 / sum(flat[v] ** 2 for v in range(len(flat)) if place_of[v] >= place_of[u])
        for u in range(len(flat))
    ]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 20), min_size=1, max_size=20))
def test_scores_are_the_published_ones(magnitudes: list[int]) -> None:
    weights = torch.tensor(magnitudes) / 4
    assert layer_adaptive(weights).tolist() == pytest.approx(published(weights))


def test_layers_of_any_scale_are_treated_alike() -> None:
    first = torch.tensor([0.3, 0.1, 0.4, 0.2])
    groups = {"a": single(first.tolist()), "b": single((1000 * first + 1).tolist())}
    found = LAMP().allocate({"a": groups["a"], "b": single((1000 * first).tolist())}, 0.5)
    assert pruned(found) == {"a": [1, 3], "b": [1, 3]}


def test_the_highest_of_a_tensor_goes_last() -> None:
    groups = {"tiny": single([1e-30, 2e-30]), "huge": single([1e30, 2e30, 3e30])}
    assert pruned(LAMP(floor=0).allocate(groups, 0.6)) == {"tiny": [0], "huge": [0, 1]}


def test_squares_do_not_underflow() -> None:
    assert layer_adaptive(torch.tensor([1e-200, 2e-200], dtype=torch.float64)).tolist() == pytest.approx([0.2, 1])


def test_zeros_and_what_is_below_zero_go_first_in_their_order() -> None:
    scores = torch.tensor([0.0, -1.0, 2.0, -3.0, -torch.inf, 0.0])
    found = layer_adaptive(scores)
    assert found.argsort(stable=True).tolist() == [4, 3, 1, 0, 5, 2]
    assert found[4] == -torch.inf
    assert found[2] == 1
    assert layer_adaptive(torch.zeros(3)).tolist() == [0, 0, 0]
    assert layer_adaptive(torch.full((2,), -torch.inf)).tolist() == [-torch.inf] * 2


def test_a_tensor_of_zeros_is_spared() -> None:
    found = LAMP().allocate({"dead": single([0, 0]), "live": single([1, 2])}, 0.5)
    assert pruned(found) == {"dead": [0], "live": [0]}
    assert found.notes == ("spared by floor=1: dead keeps 1 of 2 groups",)
