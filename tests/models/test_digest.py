"""A module's digest changes with any bit of its weights and with nothing else."""

import pytest
import torch
from torch import Tensor, nn

from tombola.errors import ModelError
from tombola.models.digest import weights_digest


class Holding(nn.Module):
    """Buffers of the names and order given."""

    def __init__(self, **tensors: Tensor) -> None:
        super().__init__()
        for name, tensor in tensors.items():
            self.register_buffer(name, tensor)


VALUES = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
BASE = weights_digest(Holding(a=VALUES, b=torch.tensor(3)))


def test_the_digest_is_frozen() -> None:
    assert BASE == "bb8f1437a9d3ac19f3fcffc863bd21a86b34e6ebe16bf1935eeeb298ffe91c34"


@pytest.mark.parametrize(
    "other",
    [
        Holding(a=VALUES, b=torch.tensor(4)),
        Holding(a=VALUES, c=torch.tensor(3)),
        Holding(a=VALUES),
        Holding(a=VALUES.view(4), b=torch.tensor(3)),
        Holding(a=VALUES, b=torch.tensor([3])),
        Holding(a=VALUES, b=torch.tensor(3, dtype=torch.int32)),
        Holding(a=VALUES.view(torch.int32), b=torch.tensor(3)),
        Holding(a=VALUES.bfloat16(), b=torch.tensor(3)),
        Holding(a=VALUES.t().contiguous(), b=torch.tensor(3)),
    ],
)
def test_names_shapes_types_and_values_change_it(other: nn.Module) -> None:
    assert weights_digest(other) != BASE


@pytest.mark.parametrize("bit", range(32))
def test_any_bit_changes_it(bit: int) -> None:
    flipped = VALUES.clone()
    flipped.view(torch.int32)[1, 0] ^= -(2**31) if bit == 31 else 1 << bit
    assert weights_digest(Holding(a=flipped, b=torch.tensor(3))) != BASE


def test_minus_zero_is_not_zero() -> None:
    assert weights_digest(Holding(a=torch.tensor(0.0))) != weights_digest(Holding(a=torch.tensor(-0.0)))


def test_order_layout_and_gradients_do_not_change_it() -> None:
    assert weights_digest(Holding(b=torch.tensor(3), a=VALUES.t().contiguous().t())) == BASE
    net = nn.Conv2d(3, 4, 3)
    before = weights_digest(net)
    net.weight.requires_grad = False
    assert weights_digest(net.to(memory_format=torch.channels_last)) == before


@pytest.mark.gpu
def test_the_device_does_not_change_it() -> None:
    assert weights_digest(Holding(a=VALUES, b=torch.tensor(3)).cuda()) == BASE


def test_batch_norm_statistics_count() -> None:
    net = nn.BatchNorm2d(2)
    before = weights_digest(net)
    net(torch.ones(1, 2, 3, 3))
    assert weights_digest(net) != before


def test_weights_without_values_are_refused() -> None:
    with torch.device("meta"), pytest.raises(ModelError, match="'weight' is on the meta device"):
        weights_digest(nn.Linear(1, 1, bias=False))
