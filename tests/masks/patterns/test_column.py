"""Columns: what is multiplied by one input."""

import torch

from tombola.masks.budgets.uniform import Uniform
from tombola.masks.drawing import draw_masks
from tombola.masks.layers import Layer
from tombola.masks.patterns.column import Column


def test_columns_of_a_matrix_go_whole_ties_by_index() -> None:
    weight = torch.tensor([[1.0, -4.0, 1.0, 3.0], [2.0, 1.0, -2.0, 0.0]])
    masks = draw_masks({"w": weight}, 0.5, pattern=Column(), budget=Uniform())
    assert masks["w"].tolist() == [[False, True, False, True]] * 2, "of three columns alike the first two go"


def test_a_convolutions_columns_are_its_input_channels() -> None:
    sizes = Column().grouping(torch.zeros(6, 4, 3, 3), Layer(torch.Size((6, 4, 3, 3)))).sizes
    assert sizes.flatten().tolist() == [54] * 4
    sizes = Column().grouping(torch.zeros(6, 2, 3, 3), Layer(torch.Size((6, 2, 3, 3)), groups=2)).sizes
    assert sizes.flatten().tolist() == [27] * 4, "groups read inputs of their own"
