"""Soft activations in pieces are those of the whole map, bit by bit: forward, backward, and the gradient's gradient."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from tombola.fitting.changes import _pieces
from tombola.fitting.changes._pieces import InPieces, in_pieces, soft

BETA = torch.tensor(1.7)


def whole(x: Tensor, beta: Tensor = BETA) -> Tensor:
    return F.silu(beta * x) / beta


def drawn(*shape: int) -> Tensor:
    return 4 * torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


MAPS = {
    "plain": drawn(3, 7, 65, 65),
    "channels last": drawn(3, 7, 65, 65).contiguous(memory_format=torch.channels_last),
    "a row": drawn(100_003),
    "less than a piece": drawn(5, 5),
}


@pytest.mark.parametrize("x", MAPS.values(), ids=MAPS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_pieces_have_the_bits_of_the_whole(x: Tensor, dtype: torch.dtype) -> None:
    one, other = (x.to(dtype).requires_grad_() for _ in range(2))
    beta, grad = BETA.to(dtype), torch.empty_like(one).copy_(drawn(*x.shape))
    made, asked = InPieces.apply(one, beta), whole(other, beta)
    assert made.stride() == x.stride()
    assert torch.equal(made, asked)
    assert torch.equal(*(torch.autograd.grad(found, given, grad)[0] for found, given in ((made, one), (asked, other))))


def test_a_gradient_that_lies_otherwise_is_read_as_it_is() -> None:
    one, other = (drawn(2, 8, 40, 40).requires_grad_() for _ in range(2))
    grad = drawn(2, 8, 40, 40).contiguous(memory_format=torch.channels_last)
    found = torch.autograd.grad(InPieces.apply(one, BETA), one, grad)[0]
    assert torch.equal(found, torch.autograd.grad(whole(other), other, grad)[0])


def test_a_gradient_of_the_gradient() -> None:
    x = drawn(40).double().requires_grad_()
    beta = BETA.double()
    assert torch.autograd.gradcheck(lambda x: InPieces.apply(x, beta), (x,))
    assert torch.autograd.gradgradcheck(lambda x: InPieces.apply(x, beta), (x,))


def test_small_maps_and_those_with_holes_are_worked_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_pieces, "SMALL", 100)
    x = drawn(2, 4, 9, 9)
    assert in_pieces(x)
    assert not in_pieces(x[:, :, ::2])
    assert not in_pieces(x[0, 0, 0])
    assert torch.equal(soft(x, BETA), whole(x))
    assert torch.equal(soft(x[:, :, ::2], BETA), whole(x[:, :, ::2]))


def test_nothing_given_is_changed() -> None:
    x = drawn(70_001).requires_grad_()
    before, grad = x.detach().clone(), drawn(70_001)
    kept = grad.clone()
    InPieces.apply(x, BETA).backward(grad)
    assert torch.equal(x.detach(), before)
    assert torch.equal(grad, kept)
