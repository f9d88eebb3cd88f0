"""Fast adversarial training: the published step, and when its training counts as collapsed."""

from typing import Any

import pytest
import torch
from tests.objectives.toys import batch, cross_entropy, loss_of, rng, same_gradients, small_net
from torch import Tensor, nn

from tombola.batch import Batch
from tombola.errors import OptionError
from tombola.objectives.fast import Fast, collapsed, kept
from tombola.spec import build


def accuracy(outputs: Tensor, targets: Tensor) -> Tensor:
    return (outputs.argmax(1) == targets).float()


def test_the_step_is_the_published_one_in_training_mode() -> None:
    x, targets = batch()
    net, twin = small_net(), small_net()
    loss, _ = loss_of(Fast(eps=0.1), net, x, targets, generator=rng())
    delta = 0.1 * (2 * torch.rand(x.shape, generator=rng()) - 1)
    start = (x + delta).clamp(0, 1).requires_grad_()
    (gradient,) = torch.autograd.grad(cross_entropy(twin(start), targets).sum(), start)
    images = (start.detach() + 0.125 * gradient.sign()).clamp(x - 0.1, x + 0.1).clamp(0, 1)
    expected = cross_entropy(twin(images), targets).mean()
    torch.autograd.backward([loss, expected])
    assert torch.allclose(loss, expected, atol=1e-6)
    assert same_gradients(net, twin)
    assert int(net.state_dict()["1.num_batches_tracked"]) == 2  # crafting saw the batch too, as in the published code


def test_crafting_in_eval_mode_leaves_the_statistics_alone() -> None:
    net = small_net()
    loss_of(Fast(bn="eval"), net, *batch(), generator=rng())
    assert int(net.state_dict()["1.num_batches_tracked"]) == 1


@pytest.mark.parametrize(
    ("clean", "easy", "hard", "verdict"),
    [
        (0.85, 0.55, 0.46, "sound"),  # CIFAR-10 at 8/255, as published
        (0.84, 0.90, 0.00, "collapsed"),
        (0.52, 0.84, 0.00, "collapsed"),
        (0.95, 0.20, 0.00, "neither"),  # a natural network that has only begun
        (0.10, 0.10, 0.10, "sound"),  # a fresh network: there is nothing to lose
        (0.30, 0.25, 0.10, "neither"),
        (1.00, 0.62, 0.31, "sound"),
    ],
)
def test_what_counts_as_collapsed(clean: float, easy: float, hard: float, verdict: str) -> None:
    found = "collapsed" if collapsed(clean, easy, hard) else "sound" if kept(easy, hard) else "neither"
    assert found == verdict


class Masking(nn.Module):
    """Right on both classes and at the ends of their balls, wrong on a bump in between, which one step jumps over."""

    def forward(self, x: Tensor) -> Tensor:
        z = 10 * (x.mean(dim=(1, 2, 3)) - 0.5)
        score = z - 3 * z.sign() * torch.exp(-(((z.abs() - 1.3) / 0.45) ** 2))
        return torch.stack([-score, score], 1)


def look(model: nn.Module, objective: Fast) -> Any:
    x = torch.cat([torch.full((32, 3, 8, 8), 0.3), torch.full((32, 3, 8, 8), 0.7)])
    targets = torch.arange(64) // 32
    guard = objective.guard()
    assert guard is not None
    modes = [module.training for module in model.modules()]
    found = guard.look(model, Batch(x, targets), cross_entropy, accuracy, generator=rng())
    assert modes == [module.training for module in model.modules()]
    return found


class Straight(nn.Module):
    """Right within 0.2 of either class, wherever the attack goes."""

    def forward(self, x: Tensor) -> Tensor:
        z = x.mean(dim=(1, 2, 3)) - 0.5
        return torch.stack([-z, z], 1)


def test_a_network_right_at_the_ends_of_the_ball_only_has_collapsed() -> None:
    far = Fast(eps=0.195, alpha=1.0)
    assert look(Straight(), far).sound
    found = look(Masking(), far)
    assert not found.sound
    assert "own attack" in found.fault
    assert "PGD-5" in found.fault


def test_a_look_moves_no_statistics_and_leaves_no_gradient() -> None:
    net = small_net()
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    guard = Fast(eps=0.1).guard()
    assert guard is not None
    guard.look(net, Batch(*batch()), cross_entropy, accuracy, generator=rng())
    assert net.training
    assert all(torch.equal(before[name], tensor) for name, tensor in net.state_dict().items())
    assert all(parameter.grad is None and parameter.requires_grad for parameter in net.parameters())


def test_a_repair_halves_the_step_keeps_the_reach_and_ends() -> None:
    objective, steps = Fast(eps=0.1, alpha=1.0), []
    while (guard := objective.guard()) is not None and (found := guard.repaired()) is not None:
        assert isinstance(found[0], Fast)
        objective = found[0]
        steps.append((objective.steps, objective.length))
    assert steps == [(2, 0.2), (4, 0.2), (8, 0.2)]  # what reaches further than the ball is wide is cut off


def test_none_is_looked_for_where_none_is_wanted() -> None:
    assert build(Fast, {"look_every": None}).guard() is None
    assert Fast(eps=0.0).guard() is None
    with pytest.raises(OptionError, match="never look"):
        build(Fast, {"look_every": "0it"})
    with pytest.raises(OptionError, match="write '8/255'"):
        build(Fast, {"eps": 8})
