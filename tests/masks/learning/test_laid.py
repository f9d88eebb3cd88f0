"""Flat views in the order of memory, and the way back."""

import pytest
import torch
from torch import Tensor

from tombola.masks.learning.laid import Laid

NUMBERS = torch.arange(2 * 3 * 4 * 5).view(2, 3, 4, 5)


@pytest.mark.parametrize(
    ("tensor", "a_view"),
    [
        (NUMBERS, True),
        (NUMBERS.contiguous(memory_format=torch.channels_last), True),
        (NUMBERS.permute(3, 0, 2, 1), True),
        (NUMBERS[:, :1], False),
        (NUMBERS[:, ::2], False),
        (NUMBERS[0, 0, 0, 0], True),
        (NUMBERS[:1, 0].expand(3, 4, 5), False),
        (torch.ones(4, 1, 1, 1).contiguous(memory_format=torch.channels_last), True),
    ],
)
def test_there_and_back_again(tensor: Tensor, a_view: bool) -> None:
    laid = Laid.of(tensor)
    assert (laid.flat.data_ptr() == tensor.data_ptr()) == a_view
    assert torch.equal(laid.shaped(laid.flat), tensor)
    assert torch.equal(laid.as_flat(tensor), laid.flat)
    places = torch.arange(laid.flat.numel())
    assert torch.equal(tensor.reshape(-1)[laid.indices(places)], laid.flat)
