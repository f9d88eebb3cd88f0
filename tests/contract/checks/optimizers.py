"""What every optimizer keeps: a fresh start, steps downhill as long as its learning rate says, pruned weights at 0."""

import torch
from torch import Tensor, nn

from tombola.fitting.optimizers._base import Optimizer

from .faults import Fault, gives
from .room import Check, finite, rng


def walked(optimizer: Optimizer, steps: int, lr: float | None = None) -> tuple[Tensor, Tensor]:
    """A weight before and after steps down the half sum of its squares."""
    weight = nn.Parameter(torch.randn(4, 3, generator=rng()) + 3)
    before = weight.detach().clone()
    built = (optimizer if lr is None else optimizer.replace(lr=lr)).build(iter([weight]))
    for _ in range(steps):
        built.zero_grad()
        torch.autograd.backward(weight.square().sum() / 2)
        built.step()
    finite(weight)
    return before, weight.detach()


def it_goes_downhill(optimizer: Optimizer) -> None:
    before, after = walked(optimizer, 5)
    assert bool((after.abs() < before.abs()).all())


def its_learning_rate_is_the_one_it_has(optimizer: Optimizer) -> None:
    near, far = (walked(optimizer, 1, lr)[1] for lr in (0.001, 0.01))
    before, _ = walked(optimizer, 0)
    assert bool(((before - far).abs() > 5 * (before - near).abs()).all())
    built = optimizer.build([nn.Parameter(torch.ones(2))])
    assert {group["lr"] for group in built.param_groups} == {optimizer.lr}


def each_one_built_is_fresh(optimizer: Optimizer) -> None:
    assert torch.equal(walked(optimizer, 3)[1], walked(optimizer, 3)[1])
    assert not optimizer.build([nn.Parameter(torch.ones(2))]).state


def every_parameter_is_one_of_its(optimizer: Optimizer) -> None:
    given = [nn.Parameter(torch.ones(2, 2)), nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(1, 1, 1, 1))]
    held = [id(one) for group in optimizer.build(iter(given)).param_groups for one in group["params"]]
    assert sorted(held) == sorted(map(id, given))


CHECKS: tuple[Check, ...] = (
    it_goes_downhill,
    its_learning_rate_is_the_one_it_has,
    each_one_built_is_fresh,
    every_parameter_is_one_of_its,
)


def _dead(optimizer: torch.optim.Optimizer) -> torch.optim.Optimizer:
    for group in optimizer.param_groups:
        group["lr"] = 0.0
    return optimizer


def _uphill(optimizer: torch.optim.Optimizer) -> torch.optim.Optimizer:
    for group in optimizer.param_groups:
        group["maximize"] = True
    return optimizer


FAULTS: tuple[Fault, ...] = (
    Fault("stands still", "sgd", "build", gives(_dead), it_goes_downhill),
    Fault("goes uphill", "sgd", "build", gives(_uphill), it_goes_downhill),
    Fault(
        "forgets a parameter",
        "sgd",
        "build",
        lambda method: lambda self, parameters: method(self, list(parameters)[:1]),
        every_parameter_is_one_of_its,
    ),
)
