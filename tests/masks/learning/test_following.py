"""Masks that follow scores: at first the budget's, then as many; the floor of the global budget holds."""

import pytest
import torch
from torch import Tensor

from tombola.masks.budgets._base import Budget, Groups
from tombola.masks.drawing import groupings
from tombola.masks.layers import Layer
from tombola.masks.learning.following import Following
from tombola.masks.patterns._base import Pattern

PATTERNS = ["element", "stripe:4", "stripe:3", "row", "kernel", "channel", "block", "nm:2:4"]
WEIGHTS = {"conv": (12, 8, 3, 3), "grouped": (8, 4, 3, 3), "depthwise": (16, 1, 3, 3), "linear": (20, 16)}


def a_walk(
    pattern: str, budget: str, sparsity: float, seed: int = 0
) -> tuple[Following, Pattern, Budget, dict[str, Groups]]:
    """Something that follows, and the groups of the magnitudes it begins with."""
    drawn = torch.Generator().manual_seed(seed)
    weights = {name: torch.randn(shape, generator=drawn) for name, shape in WEIGHTS.items()}
    layers = {name: Layer(weight.shape) for name, weight in weights.items()}
    layers["grouped"], layers["depthwise"] = Layer(torch.Size((8, 4, 3, 3)), 2), Layer(torch.Size((16, 1, 3, 3)), 16)
    kind, shares = Pattern.parse(pattern), Budget.parse(budget)
    groups = groupings(weights, kind, layers)
    scores = {name: groups[name].means(weight.abs()) for name, weight in weights.items()}
    following = Following(scores, sparsity, pattern=kind, budget=shares, groupings=groups, layers=layers)
    return following, kind, shares, {n: Groups(scores[n], groups[n].sizes, layers[n]) for n in scores}


def moved(groups: dict[str, Groups], drawn: torch.Generator, by: float) -> dict[str, Groups]:
    """The groups with other scores."""
    return {
        name: Groups(g.scores + by * torch.randn(g.scores.shape, generator=drawn), g.sizes, g.layer)
        for name, g in groups.items()
    }


def scores_of(groups: dict[str, Groups]) -> dict[str, Tensor]:
    return {name: item.scores for name, item in groups.items()}


@pytest.mark.parametrize("budget", ["uniform", "global", "erk"])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_for_the_magnitudes_it_keeps_what_the_budget_keeps(pattern: str, budget: str) -> None:
    following, kind, shares, groups = a_walk(pattern, budget, 0.5)
    expected = kind.choose(groups, 0.5, shares).kept
    kept = following.kept(scores_of(groups))
    assert all(torch.equal(kept[name], expected[name]) for name in groups)


@pytest.mark.parametrize("pattern", ["element", "row", "kernel", "channel"])
def test_the_global_budget_is_kept_to_at_every_step(pattern: str) -> None:
    following, kind, shares, groups = a_walk(pattern, "global", 0.7)
    drawn = torch.Generator().manual_seed(1)
    sizes_differ = pattern in ("kernel", "channel", "row")
    for _ in range(6):
        kept = following.kept(scores_of(groups))
        expected = kind.choose(groups, 0.7, shares).kept
        if not sizes_differ:
            assert all(torch.equal(kept[name], expected[name]) for name in groups)
        pruned = [int((groups[name].sizes * ~kept[name]).sum()) for name in groups]
        asked = 0.7 * sum(int(item.sizes.sum()) for item in groups.values())
        largest = max(int(item.sizes.max()) for item in groups.values())
        assert abs(sum(pruned) - asked) <= largest
        groups = moved(groups, drawn, 0.05)


def test_a_floor_holds_when_the_scores_would_empty_a_layer() -> None:
    following, kind, shares, groups = a_walk("element", "global", 0.9)
    sunk = groups | {"linear": Groups(groups["linear"].scores - 100, groups["linear"].sizes, groups["linear"].layer)}
    kept = following.kept(scores_of(sunk))
    expected = kind.choose(sunk, 0.9, shares).kept
    assert int(kept["linear"].count_nonzero()) == 1
    assert all(torch.equal(kept[name], expected[name]) for name in groups)


@pytest.mark.parametrize("budget", ["uniform", "erk"])
@pytest.mark.parametrize("pattern", ["element", "row", "kernel", "channel", "nm:2:4"])
def test_any_other_budget_keeps_as_many_in_every_layer_at_every_step(pattern: str, budget: str) -> None:
    following, _, _, groups = a_walk(pattern, budget, 0.5)
    drawn = torch.Generator().manual_seed(1)
    first = {name: int(kept.count_nonzero()) for name, kept in following.kept(scores_of(groups)).items()}
    before = following.kept(scores_of(groups))
    for _ in range(5):
        groups = moved(groups, drawn, 0.5)
        kept = following.kept(scores_of(groups))
        assert {name: int(item.count_nonzero()) for name, item in kept.items()} == first
    assert any(not torch.equal(kept[name], before[name]) for name in kept)
