"""FAB and FAB-T find the nearest mistakes of linear classes exactly, and those of small nets."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tombola.attacks._base import Attack
from tombola.attacks._fab_walk import Pace, walk
from tombola.attacks.fab_t import FABT, fab_t, facing
from tombola.errors import RequestError

from .toys import cross_entropy, generator, toy_batch, toy_net

BOTH = pytest.mark.parametrize("name", ["fab", "fab_t"])
NORMS = pytest.mark.parametrize("norm", ["linf", "l2"])


def run(name: str, net: nn.Module, x: Tensor, right: Tensor, **options: Any) -> Tensor:
    member = Attack.parse({"name": name, "steps": 20, **options})
    return member.perturb(net, x, right, cross_entropy, bounds=(0, 1), generator=generator())


def outputs(net: nn.Module, x: Tensor) -> Tensor:
    with torch.no_grad():
        return net(x)  # type: ignore[no-any-return]  # a module's outputs are Any


def linear(classes: int) -> tuple[nn.Sequential, Tensor, Tensor, Tensor]:
    """A linear classifier of images of 4x4, images, its answers, and its weights."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        last = nn.Linear(48, classes)
    net = nn.Sequential(nn.Flatten(), last)
    x = torch.rand(60, 3, 4, 4, generator=generator()) * 0.5 + 0.25
    last.bias.data -= outputs(net, x).mean(0)  # no class is far from all images
    return net, x, outputs(net, x).argmax(1), last.weight.detach()


def needed(net: nn.Module, x: Tensor, targets: Tensor, weight: Tensor, norm: str) -> Tensor:
    """How far the nearest mistake is, where bounds do not matter."""
    logits = outputs(net, x)
    gaps = (weight[None] - weight[targets][:, None]).norm(p=1 if norm == "linf" else 2, dim=2)
    far = (logits.gather(1, targets[:, None]) - logits) / gaps.clamp_min(1e-9)
    nearest: Tensor = far.scatter(1, targets[:, None], 9).amin(1)
    return nearest


@BOTH
@NORMS
@pytest.mark.parametrize("classes", [2, 3, 4, 12])
def test_linear_classes_fall_exactly_where_they_can(name: str, norm: str, classes: int) -> None:
    net, x, targets, weight = linear(classes)
    far = needed(net, x, targets, weight, norm)
    eps = far.median().item() * 1.0005
    assert eps < (0.25 if norm == "linf" else 0.6)  # the bounds hardly matter
    options = {"targets": classes} if name == "fab_t" else {}
    fallen = outputs(net, run(name, net, x, targets, norm=norm, eps=eps, **options)).argmax(1) != targets
    # each step ends 5 % past the boundary, and is drawn back by a tenth before the next
    assert int((fallen & (far > eps)).sum()) == 0
    assert int((~fallen & (far < eps * 0.95)).sum()) == 0


@NORMS
def test_what_stands_is_the_nearest_mistake_drawn_back_to_the_ball(norm: str) -> None:
    net, x, targets, weight = linear(2)
    far = needed(net, x, targets, weight, norm)
    eps = far.min().item() / 3
    found = run("fab_t", net, x, targets, norm=norm, eps=eps)
    gap = (weight[1 - targets] - weight[targets]).view_as(x)
    best = x + eps * (gap.sign() if norm == "linf" else gap / gap.flatten(1).norm(dim=1).view(-1, 1, 1, 1))
    assert torch.allclose(found, best, atol=0.02 * eps)


def test_the_way_is_kept_short_by_drawing_mistakes_back() -> None:
    """From a start far aside, the nearest mistake is found by drawing back; without it the walk ends as far aside.

    Every number is of few bits, and each step ends past the plane, or before it, by thousands of roundings: a walk that
    lands on the plane itself stays where rounding puts it.
    """
    x, targets, near = torch.full((4, 3, 1, 1), 0.5), torch.zeros(4, dtype=torch.int64), 0.125
    net = past(0.5 + near)
    aside = torch.tensor([[0, 0.25, 0], [0, 0.25, -0.25], [0, -0.375, 0.375], [0, 0, 0.375]]).view_as(x)

    def stood(beta: float, eps: float) -> Tensor:
        face, pace = facing(net, targets, 1 - targets), Pace(beta=beta)
        found = walk(net, x, targets, x + aside, face, eps=eps, steps=40, norm="l2", bounds=(0, 1), pace=pace)
        return ~found.fooled

    assert not bool(stood(0.9, 1.1 * near).any())
    assert bool(stood(1.0, 1.8 * near).all())  # as far aside as they began, but for what alpha takes: 0.9 of 0.25


def past(height: float) -> nn.Sequential:
    """Class 1 where the first of three numbers is above ``height``, a number of few bits; else class 0."""
    last = nn.Linear(3, 2)
    with torch.no_grad():
        last.weight.copy_(torch.tensor([[-8.0, 0.0, 0.0], [8.0, 0.0, 0.0]]))
        last.bias.copy_(torch.tensor([8 * height, -8 * height]))
    return nn.Sequential(nn.Flatten(), last)


@BOTH
def test_a_claim_is_a_mistake_of_the_model_itself(name: str) -> None:
    net = toy_net()
    x, _ = toy_batch(32)
    targets = outputs(net, x).argmax(1)
    found = run(name, net, x, targets, eps=0.05)
    fallen = outputs(net, found).argmax(1) != targets
    assert int(fallen.sum()) > 0
    by_gradient = run("apgd_t", net, x, targets, eps=0.05)
    assert int(fallen.sum()) >= 0.9 * int((outputs(net, by_gradient).argmax(1) != targets).sum())


def test_nothing_is_random_but_later_starts() -> None:
    net = toy_net()
    x, _ = toy_batch(8)
    targets = outputs(net, x).argmax(1)
    one, other = (fab_t(net, x, targets, eps=0.01, steps=3, generator=generator(seed)) for seed in (0, 1))
    assert torch.equal(one, other)
    again = (fab_t(net, x, targets, eps=0.01, steps=3, restarts=2, generator=generator(seed)) for seed in (0, 1))
    assert not torch.equal(*again)


def test_the_defaults_are_those_of_autoattack() -> None:
    assert FABT().budget() == {
        "attack": "fab_t",
        "norm": "linf",
        "eps": 8 / 255,
        "steps": 100,
        "targets": 9,
        "restarts": 1,
        "alpha_max": 0.1,
        "eta": 1.05,
        "beta": 0.9,
        "bn": "eval",
    }


@BOTH
def test_l1_is_refused(name: str) -> None:
    with pytest.raises(RequestError, match=r"norm.*linf.*l2"):
        Attack.parse({"name": name, "norm": "l1"})
