"""Heads: rows of three matrices and columns of a fourth, whole or not at all."""

import pytest
import torch
from tests.models.encoders import FAMILIES, encoder
from torch import Size, Tensor

from tombola import verbs
from tombola.errors import MaskError, ModelError
from tombola.masks.budgets.global_ import Global
from tombola.masks.drawing import draw_masks
from tombola.masks.layers import Heads, Layer
from tombola.masks.masks import Masks
from tombola.masks.patterns.head import Head
from tombola.models.layers import layers_of
from tombola.models.prunable import prunable

NAMES = ("q", "k", "v", "out")
LAYERS = {name: Layer(Size((4, 4)), heads=Heads(NAMES, 2, read=name == "out")) for name in NAMES}


def drawn(weights: dict[str, Tensor], sparsity: float) -> Masks:
    """By magnitude."""
    return draw_masks(weights, sparsity, pattern=Head(), budget=Global(), layers=LAYERS)


def test_a_head_is_judged_by_all_its_weights_and_goes_with_all_of_them() -> None:
    weights = {name: torch.ones(4, 4) for name in NAMES}
    weights["q"][2:] = 5.0  # the second head's queries are large
    weights["out"][:, :2] = 4.0  # and what reads the first one's answers is nearly as large
    masks = drawn(weights, 0.5)
    assert [row.tolist() for row in masks["q"]] == [[False] * 4] * 2 + [[True] * 4] * 2
    assert torch.equal(masks["q"], masks["v"])
    assert torch.equal(masks["out"], masks["q"].T)
    assert (masks.total - masks.kept) * 2 == masks.total


def test_of_equal_heads_the_first_goes() -> None:
    masks = drawn({name: torch.ones(4, 4) for name in NAMES}, 0.5)
    assert not masks["k"][:2].any()
    assert masks["k"][2:].all()


@pytest.mark.parametrize("family", FAMILIES)
def test_so_many_heads_of_every_family_as_asked(family: str) -> None:
    pytest.importorskip("transformers")
    network = encoder(family)
    ticket = verbs.draw(network, {"name": "omp", "sparsity": 0.375, "pattern": "head", "prunable": "attention"})
    masks = ticket.masks
    assert (masks.total - masks.kept) / masks.total == 0.375, "three of eight heads"
    gone = [(masks[name] * 1.0).mean(1 if layer.heads is None or not layer.heads.read else 0) == 0
            for name, layer in layers_of(network.body, masks).items()]  # fmt: skip
    size = 4
    assert {int(each.sum()) % size for each in gone} == {0}, "whole heads"
    assert sum(int(each.sum()) for each in gone) == 3 * size * 4, "of query, key, value and output alike"


def test_what_has_no_heads_or_not_all_of_a_head_is_refused() -> None:
    with pytest.raises(MaskError, match="a matrix of 4x3 is of no attention whose heads are known; write prunable="):
        draw_masks({"w": torch.ones(4, 3)}, 0.5, pattern=Head(), budget=Global())
    with pytest.raises(MaskError, match="out may not be pruned, and a head goes with all its weights"):
        drawn({name: torch.ones(4, 4) for name in NAMES[:3]}, 0.5)
    with pytest.raises(ModelError, match="attention"):
        prunable(torch.nn.Sequential(torch.nn.Linear(3, 2)), "attention")
