"""FreeLB: the mean of the gradients on the way, in a ball, under one draw of dropout; in one part or in several."""

import math

import pytest
import torch
from tests.tasks.toy_reader import reader
from torch import nn

from tombola.batch import Batch
from tombola.objectives._base import START, Objective
from tombola.objectives.freelb import FreeLb

from .toys import batch, cross_entropy, loss_of, rng, same_gradients, small_net


def test_in_a_ball_of_nothing_it_is_natural_training() -> None:
    x, targets = batch()
    nets = [small_net().eval(), small_net().eval()]
    for net, objective in zip(nets, (FreeLb(radius=0.0), Objective.parse("natural")), strict=True):
        torch.autograd.backward(loss_of(objective, net, x, targets, generator=rng())[0])
    assert same_gradients(*nets)


def test_weights_get_the_mean_of_the_gradients_at_the_points_on_the_way() -> None:
    x, targets = batch()
    net, other, seen = small_net().eval(), small_net().eval(), list[torch.Tensor]()
    net.register_forward_pre_hook(lambda _, given: seen.append(given[0].detach().clone()))
    objective = FreeLb(radius=0.5, step=0.2, steps=3)
    torch.autograd.backward(0.5 * loss_of(objective, net, x, targets, generator=rng())[0])
    assert len(seen) == 3
    assert not torch.equal(seen[0], seen[1])
    loss = torch.stack([cross_entropy(other(point), targets).mean() for point in seen]).mean()
    torch.autograd.backward(0.5 * loss)
    assert same_gradients(net, other)


def test_points_stay_in_the_ball_and_what_is_masked_stays_still() -> None:
    network = reader(50).eval()
    ids = torch.tensor([[5, 6, 7, 8], [9, 10, 0, 0]])
    shown = Batch(ids, torch.tensor([0, 1]), {"attention_mask": (ids > 0).long()})
    seen: list[torch.Tensor] = []
    table = network.body.get_submodule("words")
    own = table(ids).detach()
    network.body.get_submodule("layers.1").register_forward_pre_hook(lambda _, given: seen.append(given[0].detach()))
    objective = FreeLb(radius=0.3, step=10.0, steps=4)
    found = objective.loss(network, shown, cross_entropy, at=START, generator=rng())
    torch.autograd.backward(found.loss)
    far = [(point - own).flatten(1).norm(dim=1) for point in seen]
    assert len(far) == 4
    assert all(bool((one <= 0.3 + 1e-5).all()) for one in far)
    assert far[-1].tolist() == pytest.approx([0.3, 0.3], rel=1e-3)
    assert bool(((seen[-1] - own)[1, 2:].abs() < 1e-6).all())
    assert network.body.get_parameter("words.weight").grad is not None


def test_dropout_draws_alike_at_every_point_and_once_a_step() -> None:
    net = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(48, 3)).train()
    x, targets = batch()
    losses, states = [], []
    for objective in (FreeLb(radius=0.0, steps=3), Objective.parse("natural")):
        torch.manual_seed(7)
        losses.append(float(loss_of(objective, net, x, targets, generator=rng())[0].detach()))
        states.append(torch.get_rng_state())
    assert math.isclose(*losses, rel_tol=1e-5)
    assert torch.equal(*states)
