"""The losses of attacks on numbers checked by eye, for two, three and more classes."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from tombola.attacks._losses import dlr, log_odds, margin, targeted_dlr, wrong_classes

from .toys import generator

FOUR = torch.tensor([[4.0, 3.0, 1.0, 0.0]])
LABELS = {place: torch.tensor([place]) for place in range(4)}


def one(loss: Tensor) -> float:
    assert loss.shape == (1,)
    return float(loss)


def test_four_classes_by_hand() -> None:
    assert one(margin(FOUR, LABELS[0])) == -1
    assert one(margin(FOUR, LABELS[2])) == 3
    assert one(dlr(FOUR, LABELS[0])) == pytest.approx(-1 / 3)
    assert one(dlr(FOUR, LABELS[2])) == pytest.approx(1)
    assert one(targeted_dlr(FOUR, LABELS[0], LABELS[1])) == pytest.approx(-1 / 3.5)
    assert one(targeted_dlr(FOUR, LABELS[0], LABELS[3])) == pytest.approx(-4 / 3.5)


def test_three_classes_lack_the_fourth_logit() -> None:
    three = FOUR[:, :3]
    assert one(dlr(three, LABELS[0])) == pytest.approx(-1 / 3)
    assert one(targeted_dlr(three, LABELS[0], LABELS[2])) == pytest.approx(-3 / 3)


def test_two_classes_are_the_plain_margin() -> None:
    two = FOUR[:, :2]
    for label, other in ((LABELS[0], LABELS[1]), (LABELS[1], LABELS[0])):
        assert one(dlr(two, label)) == one(targeted_dlr(two, label, other)) == one(margin(two, label))


@pytest.mark.parametrize("classes", [2, 3, 4, 10])
def test_every_loss_tells_right_from_wrong_and_has_a_gradient(classes: int) -> None:
    logits = torch.randn(64, classes, generator=generator(), dtype=torch.float64).requires_grad_()
    targets = torch.arange(64) % classes
    wrong = logits.argmax(1) != targets
    likeliest = wrong_classes(logits, targets, 9)
    assert likeliest.shape == (64, min(9, classes - 1))
    assert not bool((likeliest == targets[:, None]).any())
    for loss in (margin(logits, targets), dlr(logits, targets), targeted_dlr(logits, targets, likeliest[:, 0])):
        assert torch.equal(loss > 0, wrong)
        (gradient,) = torch.autograd.grad(loss.sum(), logits, retain_graph=True)
        assert bool((gradient.gather(1, targets[:, None]) < 0)[~wrong].all())


@given(st.floats(0.01, 100), st.floats(-100, 100), st.sampled_from([3, 4, 7]))
def test_the_ratios_do_not_see_scale_and_shift(scale: float, shift: float, classes: int) -> None:
    logits = torch.randn(8, classes, generator=generator(), dtype=torch.float64)
    targets, goals = torch.zeros(8, dtype=torch.long), torch.ones(8, dtype=torch.long)
    assert torch.allclose(dlr(logits * scale + shift, targets), dlr(logits, targets))
    found = targeted_dlr(logits * scale + shift, targets, goals)
    assert torch.allclose(found, targeted_dlr(logits, targets, goals))


def test_log_odds_rise_as_cross_entropy_does_and_never_saturate() -> None:
    logits, targets = torch.randn(32, 5, generator=generator()).requires_grad_(), torch.arange(32) % 5
    expected, found = F.cross_entropy(logits, targets, reduction="none"), log_odds(logits, targets)
    assert torch.allclose(F.softplus(found), expected, atol=1e-6)
    slopes = [torch.autograd.grad(each.sum(), logits)[0] for each in (expected, found)]
    ratio = slopes[1] / slopes[0]
    assert bool((ratio > 0).all())
    assert torch.allclose(ratio, ratio[:, :1].expand_as(ratio), rtol=1e-3)
    sure = torch.tensor([[4000.0, 0.0, 1.0]], requires_grad=True)
    (gradient,) = torch.autograd.grad(log_odds(sure, LABELS[0]).sum(), sure)
    assert gradient.sign().tolist() == [[-1, 1, 1]]


def test_equal_logits_give_numbers() -> None:
    flat = torch.zeros(1, 5, requires_grad=True)
    for loss in (dlr(flat, LABELS[0]), targeted_dlr(flat, LABELS[0], LABELS[1])):
        (gradient,) = torch.autograd.grad(loss.sum(), flat)
        assert float(loss.detach()) == 0
        assert bool(gradient.isfinite().all())
