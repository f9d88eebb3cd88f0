"""TRADES: its loss and gradients by the paper's formula, and images that move the outputs."""

import pytest
import torch
from tests.objectives.toys import batch, cross_entropy, loss_of, rng, same_gradients, small_net
from torch import nn

from tombola.objectives.trades import Trades, divergence, diverging


def test_loss_and_gradients_are_the_formulas() -> None:
    x, targets = batch()
    net, twin = small_net(), small_net()
    loss, outputs = loss_of(Trades(beta=3.0, eps=0.1, steps=4, step=0.04), net, x, targets, generator=rng())
    moved = diverging(twin, x, eps=0.1, steps=4, step=0.04, generator=rng())
    p, q = twin(x).softmax(1), twin(moved).softmax(1)
    expected = -p[range(6), targets].log().mean() + 3.0 * (p * (p.log() - q.log())).sum(1).mean()
    torch.autograd.backward([loss, expected])
    assert torch.allclose(loss, expected, atol=1e-6)
    assert same_gradients(net, twin)
    assert torch.equal(outputs, small_net()(x))


def test_crafting_is_the_written_algorithm_in_eval_mode() -> None:
    x, _ = batch()
    net, twin = small_net(), small_net().eval()
    found = diverging(net, x, eps=0.1, steps=3, step=0.05, generator=rng())
    clean = twin(x).softmax(1).detach()
    by_hand = x + 0.001 * torch.randn(x.shape, generator=rng())
    for _ in range(3):
        by_hand = by_hand.detach().requires_grad_()
        (gradient,) = torch.autograd.grad((clean * (clean.log() - twin(by_hand).log_softmax(1))).sum(), by_hand)
        by_hand = (by_hand.detach() + 0.05 * gradient.sign()).clamp(x - 0.1, x + 0.1).clamp(0, 1)
    assert torch.allclose(found, by_hand, atol=1e-6)
    assert int(net.state_dict()["1.num_batches_tracked"]) == 0


def test_images_stay_in_their_ball_and_more_steps_move_the_outputs_further() -> None:
    x, _ = batch()
    net = small_net().eval()
    clean = net(x).log_softmax(1).detach()
    gaps = []
    for steps in (1, 5, 20):
        found = diverging(net, x, eps=0.1, steps=steps, step=0.02, generator=rng())
        assert float((found - x).abs().max()) <= 0.1
        assert 0 <= float(found.min()) <= float(found.max()) <= 1
        gaps.append(float(divergence(net(found).detach(), clean).sum()))
    assert gaps == sorted(gaps)
    assert gaps[0] > 0


def test_without_beta_or_radius_it_is_natural() -> None:
    x, targets = batch()
    natural = cross_entropy(small_net()(x), targets).mean()
    for options in ({"beta": 0.0}, {"eps": 0.0}):
        loss, _ = loss_of(Trades(**options), small_net(), x, targets, generator=rng())
        assert torch.allclose(loss, natural, atol=1e-6)


def test_the_weight_of_the_divergence_trades_accuracy_for_flatness() -> None:
    x, targets = torch.stack([0.5 + 0.06 * (torch.arange(64) % 2 - 0.5)], 1).view(-1, 1, 1, 1), torch.arange(64) % 2
    slopes = []
    for beta in (0.0, 6.0):
        net = nn.Sequential(nn.Flatten(), nn.Linear(1, 2))
        nn.init.zeros_(net.get_parameter("1.weight"))
        optimizer = torch.optim.SGD(net.parameters(), lr=2.0)
        for _ in range(60):
            optimizer.zero_grad()
            loss, _ = loss_of(Trades(beta=beta, eps=0.2, steps=2, step=0.1), net, x, targets, generator=rng())
            torch.autograd.backward(loss)
            optimizer.step()
        weight = net.get_parameter("1.weight").detach().flatten()
        slopes.append(float(weight[1] - weight[0]))
    assert slopes[1] < 0.5 * slopes[0]


def test_more_than_one_dimension_behind_the_classes_is_averaged() -> None:
    log_clean = torch.randn(2, 3, 4, 4, generator=rng()).log_softmax(1)
    assert divergence(torch.zeros(2, 3, 4, 4), log_clean).shape == (2, 4, 4)


def test_the_defaults_are_ten_steps_at_eight_and_beta_six() -> None:
    found = Trades()
    assert (found.beta, found.eps, found.steps, found.step) == pytest.approx((6, 8 / 255, 10, 2 / 255))
