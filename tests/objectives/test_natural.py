"""The natural objective is the criterion's mean, nothing else."""

import torch
import torch.nn.functional as F
from tests.objectives.toys import loss_of
from torch import Tensor, nn

from tombola.objectives.natural import Natural


def cross_entropy(outputs: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(outputs, targets, reduction="none")


def test_loss_and_weight_gradient_are_those_computed_by_hand() -> None:
    net = nn.Linear(3, 2)
    x, targets = torch.rand(4, 3), torch.tensor([0, 1, 1, 0])
    loss, outputs = loss_of(Natural(), net, x, targets, generator=torch.Generator())
    torch.autograd.backward(loss)
    error = (outputs.detach().softmax(1) - F.one_hot(targets, 2)) / 4
    assert net.weight.grad is not None
    assert torch.allclose(net.weight.grad, error.T @ x, atol=1e-6)
    assert torch.allclose(loss, F.cross_entropy(net(x), targets))
