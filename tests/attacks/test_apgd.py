"""APGD, APGD-T and Square against closed forms and against PGD with as many steps."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tombola.attacks._base import Attack
from tombola.attacks._climbing import checkpoints, climb, on_the_edge
from tombola.attacks._losses import log_odds, margin
from tombola.attacks._streams import streams, uniform
from tombola.attacks.apgd import APGD
from tombola.attacks.apgd_t import APGDT, apgd_t
from tombola.attacks.square import Square

from .toys import cross_entropy, generator, toy_net

GRADIENT: list[dict[str, Any]] = [
    {"name": "apgd", "loss": "ce"},
    {"name": "apgd", "loss": "dlr"},
    {"name": "apgd_t"},
]
NAMES = ["ce", "dlr", "targeted"]


def run(options: dict[str, Any], net: nn.Module, x: Tensor, targets: Tensor, **more: Any) -> Tensor:
    member = Attack.parse({**options, **more})
    return member.perturb(net, x, targets, cross_entropy, bounds=(0, 1), generator=generator())


def outputs(net: nn.Module, x: Tensor) -> Tensor:
    with torch.no_grad():
        return net(x)  # type: ignore[no-any-return]  # a module's outputs are Any


def linear(classes: int, bias: float = 0.0) -> tuple[nn.Sequential, nn.Linear]:
    """A linear classifier of images of 4x4; ``bias`` keeps class 0 ahead, so that nothing fools it."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        last = nn.Linear(48, classes)
    last.bias.data[0] += bias
    return nn.Sequential(nn.Flatten(), last), last


@pytest.mark.parametrize("norm", ["linf", "l2"])
@pytest.mark.parametrize("options", GRADIENT, ids=NAMES)
def test_the_worst_images_of_two_linear_classes_are_reached(options: dict[str, Any], norm: str) -> None:
    net, last = linear(2, bias=20)
    x = torch.rand(5, 3, 4, 4, generator=generator()) * 0.5 + 0.25
    gap = (last.weight[1] - last.weight[0]).detach().view(3, 4, 4)
    worst = x + 0.1 * (gap.sign() if norm == "linf" else gap / gap.norm())
    targets = torch.zeros(5, dtype=torch.long)
    found = run(options, net, x, targets, norm=norm, eps=0.1, steps=30)
    assert torch.allclose(found, worst, atol=1e-6 if norm == "linf" else 1e-4)


@pytest.mark.parametrize("norm", ["linf", "l2"])
@pytest.mark.parametrize("options", GRADIENT[1:], ids=NAMES[1:])
@pytest.mark.parametrize("classes", [3, 4, 12])
def test_linear_classes_fall_exactly_where_they_can(options: dict[str, Any], norm: str, classes: int) -> None:
    net, last = linear(classes)
    x = torch.rand(60, 3, 4, 4, generator=generator()) * 0.5 + 0.25
    targets = outputs(net, x).argmax(1)
    logits, weight = outputs(net, x), last.weight.detach()
    gaps = (weight[None] - weight[targets][:, None]).norm(p=1 if norm == "linf" else 2, dim=2)
    needed = (logits.gather(1, targets[:, None]) - logits) / gaps.clamp_min(1e-9)
    needed = needed.scatter(1, targets[:, None], 9).amin(1)
    eps = needed.median().item() * 1.0005
    assert eps < (0.25 if norm == "linf" else 0.6)  # the bounds hardly matter
    reachable = needed < eps * 0.9999
    found = run(options, net, x, targets, norm=norm, eps=eps, steps=60)
    fallen = outputs(net, found).argmax(1) != targets
    missed = int((reachable & ~fallen).sum())
    assert missed == 0 if options["name"] == "apgd_t" else missed <= 2
    assert int((fallen & ~reachable).sum()) == 0


@pytest.mark.parametrize("norm", ["linf", pytest.param("l2", marks=pytest.mark.slow)])
def test_square_comes_near_the_worst_image_of_two_linear_classes(norm: str) -> None:
    net, last = linear(2, bias=20)
    x = torch.rand(4, 3, 4, 4, generator=generator()) * 0.5 + 0.25
    targets = torch.zeros(4, dtype=torch.long)
    gap = (last.weight[1] - last.weight[0]).detach()
    most = 0.1 * (gap.abs().sum() if norm == "linf" else gap.norm())
    found = run({"name": "square"}, net, x, targets, norm=norm, eps=0.1, queries=1500, resc_schedule=True)
    won = margin(outputs(net, found), targets) - margin(outputs(net, x), targets)
    assert bool((won <= most + 1e-4).all())
    assert bool((won >= (0.95 if norm == "linf" else 0.5) * most).all())


@pytest.fixture(scope="module")
def fragile() -> tuple[nn.Sequential, Tensor, Tensor]:
    """A net trained on stripes of four directions, and images it tells right."""
    rng = generator(5)
    net = toy_net(5)
    patterns = torch.rand(4, 3, 6, 6, generator=rng)

    def batch(count: int) -> tuple[Tensor, Tensor]:
        labels = torch.randint(0, 4, (count,), generator=rng)
        noise = torch.rand(count, 3, 6, 6, generator=rng)
        return 0.35 * patterns[labels] + 0.65 * noise, labels

    optimizer = torch.optim.Adam(net.parameters(), 0.01)
    for _ in range(60):
        x, labels = batch(64)
        loss = cross_entropy(net(x), labels).mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch's backward is untyped
        optimizer.step()
    x, labels = batch(300)
    right = outputs(net, x).argmax(1) == labels
    assert right.float().mean() > 0.9
    return net, x[right][:128], labels[right][:128]


@pytest.mark.parametrize("norm", ["linf", pytest.param("l2", marks=pytest.mark.slow)])
@pytest.mark.parametrize("options", GRADIENT, ids=NAMES)
def test_no_more_stand_than_against_pgd_of_as_many_steps(
    options: dict[str, Any], norm: str, fragile: tuple[nn.Sequential, Tensor, Tensor]
) -> None:
    net, x, targets = fragile
    radii = [0.02, 0.04, 0.06] if norm == "linf" else [0.15, 0.3, 0.45]
    theirs, ours = (
        sum(
            int((outputs(net, run(each, net, x, targets, norm=norm, eps=eps, steps=20)).argmax(1) == targets).sum())
            for eps in radii
        )
        for each in ({"name": "pgd"}, options)
    )
    assert 20 < theirs < 350
    # by itself the ratio leads some images to a class that cannot be reached, however many the steps
    assert ours <= (theirs * 1.05 if options.get("loss") == "dlr" else theirs)


def test_a_loss_that_cannot_win_is_raised_as_high_as_by_pgd(fragile: tuple[nn.Sequential, Tensor, Tensor]) -> None:
    net, x, targets = fragile
    pgd, apgd = (
        cross_entropy(outputs(net, run(each, net, x, targets, eps=0.005, steps=20)), targets).mean()
        for each in ({"name": "pgd", "keep_best": True}, {"name": "apgd"})
    )
    assert apgd >= pgd - 1e-4


def test_square_finds_most_of_what_gradients_find(fragile: tuple[nn.Sequential, Tensor, Tensor]) -> None:
    net, x, targets = fragile
    by_gradient, by_scores = (
        int((outputs(net, run(each, net, x, targets, eps=0.06)).argmax(1) != targets).sum())
        for each in (GRADIENT[1], {"name": "square", "queries": 300, "resc_schedule": True})
    )
    assert by_gradient >= by_scores >= 0.7 * by_gradient > 10


def test_saturated_and_scaled_logits_do_not_protect(fragile: tuple[nn.Sequential, Tensor, Tensor]) -> None:
    net, x, targets = fragile
    cold = nn.Sequential(net, nn.Identity()).eval()
    cold.register_forward_hook(lambda _module, _inputs, logits: logits * 1000)
    for options in GRADIENT:
        plain, scaled = (
            outputs(net, run(options, each, x, targets, eps=0.04, steps=20)).argmax(1) == targets
            for each in (net, cold)
        )
        assert abs(int(scaled.sum()) - int(plain.sum())) <= 6
    # PGD climbs torch's cross entropy, whose gradient is 0 here
    pgd = outputs(net, run({"name": "pgd"}, cold, x, targets, eps=0.04, steps=20)).argmax(1) == targets
    assert int(pgd.sum()) > int(plain.sum()) + 20


def test_targets_are_all_the_wrong_classes_when_fewer(fragile: tuple[nn.Sequential, Tensor, Tensor]) -> None:
    net, x, targets = fragile
    nine, three = (apgd_t(net, x, targets, eps=0.03, steps=5, goals=n, generator=generator()) for n in (9, 3))
    assert torch.equal(nine, three)
    one = apgd_t(net, x, targets, eps=0.03, steps=5, goals=1, generator=generator())
    left_of_one, left = (int((outputs(net, each).argmax(1) == targets).sum()) for each in (one, three))
    assert left <= left_of_one


def test_the_gradients_mean_is_climbed_when_outputs_are_random() -> None:
    net, last = linear(2, bias=20)
    x = torch.full((3, 3, 4, 4), 0.5)
    targets = torch.zeros(3, dtype=torch.long)
    noise = generator(1)
    passes = 0

    class Noisy(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            nonlocal passes
            passes += 1
            scale = torch.rand((), generator=noise) + torch.randn(48, generator=noise) * 0.2
            return net(images.flatten(1) * scale)  # type: ignore[no-any-return]  # a module's outputs are Any

    gap = (last.weight[1] - last.weight[0]).detach().view(3, 4, 4)
    found = run({"name": "apgd", "eot_iter": 10, "eps": 0.1, "steps": 8}, Noisy(), x, targets)
    assert passes == 1 + 10 * 9 + 1  # the clean images, the start and eight steps, the check
    agree = ((found - x).sign() == gap.sign()).float().mean()
    assert agree > 0.9


def test_checkpoints_come_closer_and_closer() -> None:
    assert checkpoints(100) == [22, 41, 57, 70, 80, 87, 93, 99]
    assert checkpoints(20) == [5, 9, 12, 14, 16, 18, 19, 20]
    assert checkpoints(1) == [1]


def test_steps_halve_until_a_narrow_peak_is_found() -> None:
    """A loss whose peak lies at 0.5 + 0.013 in each pixel: steps of twice eps jump over it, halved ones do not."""

    class Peak(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            height = -10 * (images.flatten(1) - 0.513).square().sum(1)
            return torch.stack([torch.zeros_like(height) + 1, height], 1)

    x = torch.full((2, 1, 3, 3), 0.5)
    targets = torch.zeros(2, dtype=torch.long)
    found = run({"name": "apgd", "eps": 0.1, "steps": 100}, Peak(), x, targets)
    assert (found - 0.513).abs().max() < 2e-3


def test_what_climb_gives_is_the_best_it_met() -> None:
    net, _ = linear(3, bias=20)
    x, targets = torch.rand(6, 3, 4, 4, generator=generator()), torch.zeros(6, dtype=torch.long)
    start = on_the_edge(x, streams(6, generator()), 0.2, "linf", (0, 1))
    found = climb(
        net, x, targets, start, lambda z, r: log_odds(z, targets[r]), eps=0.2, steps=7, norm="linf", bounds=(0, 1)
    )
    assert torch.allclose(found.losses, log_odds(outputs(net, found.images), targets))
    assert bool((found.losses >= log_odds(outputs(net, start), targets)).all())
    assert not bool(found.fooled.any())


def test_a_start_is_on_the_balls_edge() -> None:
    x = torch.full((5, 3, 4, 4), 0.5)
    flat = on_the_edge(x, streams(5, generator()), 0.1, "linf", (0, 1)) - x
    assert flat.abs().amax((1, 2, 3)).tolist() == pytest.approx([0.1] * 5, abs=1e-6)
    round_ = on_the_edge(x, streams(5, generator()), 0.1, "l2", (0, 1)) - x
    assert round_.flatten(1).norm(dim=1).tolist() == pytest.approx([0.1] * 5, rel=1e-4)


def test_streams_are_an_images_own() -> None:
    like = torch.zeros(1)
    first, second = streams(4, generator()), streams(4, generator())
    whole = uniform(first, [3], like)
    assert torch.equal(uniform(second[2:], [3], like), whole[2:])
    assert len({tuple(row) for row in whole.tolist()}) == 4
    rng = generator()
    parts = [uniform(streams(count, rng), [3], like) for count in (1, 3)]
    assert torch.equal(torch.cat(parts), whole)


def test_the_defaults_are_those_of_autoattack() -> None:
    common = {"norm": "linf", "eps": 8 / 255, "restarts": 1, "bn": "eval"}
    assert APGD().budget() == {"attack": "apgd", **common, "steps": 100, "loss": "ce", "eot_iter": 1}
    assert APGDT().budget() == {"attack": "apgd_t", **common, "steps": 100, "targets": 9, "eot_iter": 1}
    assert Square().budget() == {
        "attack": "square",
        **common,
        "queries": 5000,
        "p_init": 0.8,
        "resc_schedule": False,
    }
