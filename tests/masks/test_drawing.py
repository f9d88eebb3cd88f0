"""Drawing by magnitude: exact counts, the same weights as sorting takes, nested draws, and requests refused."""

import re

import pytest
import torch
from torch import Tensor

from tombola.errors import MaskError, RequestError
from tombola.masks.budgets._base import Budget
from tombola.masks.drawing import draw_by_scores, draw_masks, groupings
from tombola.masks.layers import Layer
from tombola.masks.masks import Masks
from tombola.masks.patterns._base import Grouping, Pattern

ELEMENT, GLOBAL, UNIFORM = Pattern.parse("element"), Budget.parse("global"), Budget.parse("uniform")


def weights() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    sizes = {"a": (5, 3, 3, 3), "b": (7, 5), "c": (1,)}
    return {name: torch.randn(size, generator=generator) / (1 + i) for i, (name, size) in enumerate(sizes.items())}


def test_global_on_numbers_to_check_by_eye() -> None:
    given = {"a": torch.tensor([[4.0, -0.1], [0.2, -3.0]]), "b": torch.tensor([0.3, -5.0])}
    masks = draw_masks(given, 0.5, pattern=ELEMENT, budget=GLOBAL)
    assert masks == Masks({"a": torch.tensor([[True, False], [False, True]]), "b": torch.tensor([False, True])})


def test_uniform_on_numbers_to_check_by_eye() -> None:
    given = {"a": torch.tensor([[4.0, -3.0], [6.0, -5.0]]), "b": torch.tensor([0.3, -0.2])}
    masks = draw_masks(given, 0.5, pattern=ELEMENT, budget=UNIFORM)
    assert masks == Masks({"a": torch.tensor([[False, False], [True, True]]), "b": torch.tensor([True, False])})


@pytest.mark.parametrize("sparsity", [0.0, 0.1, 0.2, 0.5, 0.7, 0.9])
def test_counts_are_exact_and_round_half_to_even(sparsity: float) -> None:
    drawn = draw_masks(weights(), sparsity, pattern=ELEMENT, budget=GLOBAL)
    assert drawn.total - drawn.kept == round(sparsity * (135 + 35 + 1))
    each = draw_masks(weights(), sparsity, pattern=ELEMENT, budget=UNIFORM)
    assert each.total - each.kept == round(sparsity * (135 + 35 + 1))
    for kept, total in each.counts().values():
        assert abs(total - kept - sparsity * total) < 1


@pytest.mark.parametrize("budget", [GLOBAL, UNIFORM], ids=["global", "uniform"])
def test_a_layer_is_emptied_only_where_that_is_asked_for(budget: Budget) -> None:
    kept = draw_masks(weights(), 0.98, pattern=ELEMENT, budget=budget)
    assert kept["c"].tolist() == [True]
    emptied = draw_masks(weights(), 0.98, pattern=ELEMENT, budget=budget.replace(floor=0))
    assert emptied["c"].tolist() == [False]
    assert kept.kept == emptied.kept == 3


def test_what_a_budget_has_to_say_is_passed_on() -> None:
    said: list[str] = []
    given = {"a": torch.tensor([0.1]), "b": torch.tensor([1.0, 2.0, 3.0])}
    draw_by_scores(given, 0.5, pattern=ELEMENT, budget=GLOBAL, groupings=each(given), layers={}, note=said.append)
    assert said == ["spared by floor=1: a keeps 1 of 1 groups"]


def each(given: dict[str, Tensor]) -> dict[str, Grouping]:
    return groupings(given, ELEMENT, {})


def test_a_draw_within_masks_is_nested_whatever_the_scores() -> None:
    first = draw_masks(weights(), 0.4, pattern=ELEMENT, budget=GLOBAL)
    other = {name: weight.flip(0) - 1 for name, weight in weights().items()}
    second = draw_by_scores(other, 0.7, pattern=ELEMENT, budget=UNIFORM, groupings=each(other), layers={}, within=first)
    assert second.nested_in(first)
    assert second.total - second.kept == round(0.7 * 171)


def test_among_equal_magnitudes_the_lower_index_goes_first() -> None:
    given = {"a": torch.tensor([1.0, -1.0]), "b": torch.tensor([-1.0, 1.0])}
    drawn = draw_masks(given, 0.75, pattern=ELEMENT, budget=GLOBAL.replace(floor=0))
    assert torch.cat([drawn["a"], drawn["b"]]).tolist() == [False, False, False, True]


@pytest.mark.parametrize("budget", [GLOBAL, UNIFORM], ids=["global", "uniform"])
def test_draws_at_rising_sparsity_are_nested(budget: Budget) -> None:
    drawn = Masks.full(weights())
    for sparsity in (0.2, 0.36, 0.488, 0.9):
        denser, drawn = drawn, draw_masks(weights(), sparsity, pattern=ELEMENT, budget=budget)
        assert drawn.nested_in(denser)


@pytest.mark.parametrize("budget", [GLOBAL, UNIFORM], ids=["global", "uniform"])
def test_a_draw_from_masked_and_retrained_weights_is_nested(budget: Budget) -> None:
    drawn = Masks.full(weights())
    for level, sparsity in enumerate((0.2, 0.36, 0.488, 0.9), start=1):
        retrained = {name: weight.roll(level).add(0.01) * drawn[name] for name, weight in weights().items()}
        denser, drawn = drawn, draw_masks(retrained, sparsity, pattern=ELEMENT, budget=budget)
        assert drawn.nested_in(denser)
        assert drawn != draw_masks(weights(), sparsity, pattern=ELEMENT, budget=budget)


def test_weights_are_not_changed_and_need_no_gradient() -> None:
    given = {"a": torch.nn.Parameter(torch.tensor([1.0, -2.0]))}
    masks = draw_masks(given, 0.5, pattern=ELEMENT, budget=GLOBAL)
    assert not masks["a"].requires_grad
    assert given["a"].tolist() == [1, -2]


@pytest.mark.parametrize(
    ("sparsity", "advice"),
    [
        (1.0, "write 0.9 for 90 %"),
        (95, "write 0.95 for 95 %"),
        (1.2, "0.9 for 90 %"),
        (-0.1, "[0, 1)"),
        (float("nan"), "nan"),
    ],
)
def test_a_sparsity_outside_the_unit_interval_is_explained(sparsity: float, advice: str) -> None:
    with pytest.raises(RequestError, match=re.escape(advice)):
        draw_masks(weights(), sparsity, pattern=ELEMENT, budget=GLOBAL)


def test_nan_weights_and_empty_requests_are_refused() -> None:
    with pytest.raises(MaskError, match=r"b: 1 of 2 scores are NaN"):
        draw_masks({"a": torch.ones(1), "b": torch.tensor([1.0, float("nan")])}, 0.5, pattern=ELEMENT, budget=GLOBAL)
    with pytest.raises(MaskError, match="b: 1 of 1 scores are NaN"):
        draw_masks({"a": torch.ones(1), "b": torch.tensor([float("nan")])}, 0.0, pattern=ELEMENT, budget=UNIFORM)
    with pytest.raises(MaskError, match="no weights"):
        draw_masks({}, 0.5, pattern=ELEMENT, budget=GLOBAL)


def test_the_element_pattern_is_the_identity() -> None:
    scores = torch.rand(2, 3)
    grouping = ELEMENT.grouping(scores, Layer.of(scores))
    assert torch.equal(grouping.means(scores), scores)
    assert torch.equal(grouping.expand(scores > 0.5), scores > 0.5)
    assert grouping.sizes.tolist() == [[1, 1, 1], [1, 1, 1]]
