"""n:m: at most n of every m along the inputs, the sparsity it asks for, and blocks that are short."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Size, Tensor

from tombola.errors import MaskError, RequestError
from tombola.masks.budgets._base import Budget
from tombola.masks.drawing import draw_by_scores, groupings
from tombola.masks.layers import Layer
from tombola.masks.masks import Masks
from tombola.masks.patterns._base import Pattern


def draw(
    scores: Tensor,
    ratio: str,
    sparsity: float,
    *,
    layer: Layer | None = None,
    within: Masks | None = None,
    notes: list[str] | None = None,
) -> Tensor:
    """The mask of one layer."""
    pattern = Pattern.parse(ratio)
    layers = {"w": layer or Layer.of(scores)}
    weights = {"w": scores}
    return draw_by_scores(
        weights,
        sparsity,
        pattern=pattern,
        budget=Budget.parse("global"),
        groupings=groupings(weights, pattern, layers),
        layers=layers,
        within=within,
        note=(notes if notes is not None else []).append,
    )["w"]


@st.composite
def drawn(draw: st.DrawFn) -> tuple[Layer, Tensor, int, int]:
    m = draw(st.integers(1, 8))
    n = draw(st.integers(1, m))
    groups, outputs, inputs, kernel = (draw(st.integers(1, top)) for top in (3, 3, 17, 3))
    if draw(st.booleans()):
        layer = Layer(Size((groups * inputs, outputs, kernel, 1)), groups=groups, transposed=True)
    else:
        layer = Layer(Size((groups * outputs, inputs, kernel, 1)), groups=groups)
    generator = torch.Generator().manual_seed(draw(st.integers(0, 999)))
    return layer, torch.randint(-4, 4, layer.shape, generator=generator).float(), n, m


@settings(deadline=None)  # other work on the machine must not fail it
@given(drawn())
def test_every_block_keeps_its_n_highest_and_never_more(case: tuple[Layer, Tensor, int, int]) -> None:
    layer, scores, n, m = case
    kept = layer.outputs_first(draw(scores, f"{n}:{m}", 1 - n / m, layer=layer))
    first = layer.outputs_first(scores)
    for start in range(0, first.shape[1], m):
        block, chosen = first[:, start : start + m], kept[:, start : start + m]
        size = block.shape[1]
        order = block.argsort(dim=1, stable=True)
        expected = torch.ones_like(chosen).scatter_(1, order[:, : max(0, size - n)], value=False)
        assert torch.equal(chosen, expected)
        assert bool((chosen.sum(1) == min(n, size)).all())


def test_two_of_four_on_numbers() -> None:
    scores = torch.tensor([[4.0, 1.0, 3.0, 2.0, 1.0, 1.0, 1.0, 1.0], [-1.0, -2.0, -3.0, -4.0, 0.0, 9.0, 9.0, 9.0]])
    assert draw(scores, "2:4", 0.5).int().tolist() == [[1, 0, 1, 0, 0, 0, 1, 1], [1, 1, 0, 0, 0, 0, 1, 1]]


def test_another_sparsity_is_refused_with_the_one_to_write() -> None:
    with pytest.raises(RequestError, match=r"2:4 keeps 2 of 4.*sparsity 0.9; write sparsity=0.5"):
        draw(torch.rand(4, 8), "2:4", 0.9)
    with pytest.raises(RequestError, match=r"write sparsity=0.6666667"):
        draw(torch.rand(4, 6), "1:3", 0.667)
    assert int(draw(torch.rand(4, 6), "1:3", 0.666667).sum()) == 8


def test_no_sparsity_keeps_all() -> None:
    assert bool(draw(torch.rand(4, 8), "2:4", 0.0).all())


def test_blocks_that_are_short_are_told() -> None:
    notes: list[str] = []
    assert int(draw(torch.rand(1, 8), "2:4", 0.5, notes=notes).sum()) == 4
    assert notes == []
    assert int(draw(torch.rand(1, 6), "2:4", 0.5, notes=notes).sum()) == 4
    assert notes[0].startswith("2:4 prunes 2 of 6 weights (33.33%), not 50.00%")


def test_a_depthwise_convolution_stays_as_it_is() -> None:
    scores = torch.rand(8, 1, 3, 3)
    assert bool(draw(scores, "2:4", 0.5, layer=Layer(scores.shape, groups=8)).all())


def test_what_was_pruned_before_does_not_come_back() -> None:
    before = Masks({"w": torch.tensor([[False, False, False, True, True, True, True, True]])})
    assert draw(torch.ones(1, 8), "2:4", 0.5, within=before).int().tolist() == [[0, 0, 0, 1, 0, 0, 1, 1]]


def test_nan_is_refused() -> None:
    with pytest.raises(MaskError, match="w: 1 of 4 scores are NaN"):
        draw(torch.tensor([[1.0, float("nan"), 0.0, 0.0]]), "2:4", 0.5)
