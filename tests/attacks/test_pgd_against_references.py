"""PGD's loss is never below that of other libraries' settings, beyond what another random start changes."""

import os
import warnings
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tombola import verbs
from tombola.attacks.pgd import PGD
from tombola.data._base import Dataset, Images, loaded_images, of_images
from tombola.models.inputs.pixels import Normalise
from tombola.models.network import Network
from tombola.tasks._base import Task

from .toys import cross_entropy, generator

DATA = Path(os.environ.get("TOMBOLA_DATA", Path(__file__).parents[3] / "shared" / "data"))
SEEDS = range(3)
FOOLBOX = {"linf": (1 / 30, 40), "l2": (1 / 40, 50)}
"""foolbox's relative step and number of steps."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
Batch = tuple[nn.Module, Tensor, Tensor]


def reference(
    net: nn.Module, x: Tensor, y: Tensor, norm: str, eps: float, step: float, steps: int, seed: int
) -> Tensor:
    """PGD as foolbox does it, in plain lines: a start uniform in the ball, a step, the ball, the bounds."""
    drawn = generator(seed)
    if norm == "linf":
        delta = (2 * torch.rand(x.shape, generator=drawn) - 1) * eps
    else:
        delta = torch.randn(x.shape, generator=drawn)
        share = torch.rand(len(x), 1, 1, 1, generator=drawn) ** (1 / x[0].numel())
        delta = delta / delta.flatten(1).norm(dim=1).view(-1, 1, 1, 1) * share * eps
    found = (x + delta).clamp(0, 1)
    for _ in range(steps):
        found.requires_grad_()
        (slope,) = torch.autograd.grad(cross_entropy(net(found), y).sum(), found)
        with torch.no_grad():
            if norm == "linf":
                delta = (found + step * slope.sign() - x).clamp(-eps, eps)
            else:
                length = slope.flatten(1).norm(dim=1).clamp_min(1e-12).view(-1, 1, 1, 1)
                delta = found + step * slope / length - x
                delta = delta * (eps / delta.flatten(1).norm(dim=1).clamp_min(1e-12)).clamp(max=1).view(-1, 1, 1, 1)
            found = (x + delta).clamp(0, 1)
    return found


@lru_cache
def digits() -> Batch:
    """A small net trained here for a few epochs, and test images."""
    net = verbs.pretrain("resnet8", "digits", {"epochs": "4ep", "batch": 32})
    return net, *some(of_images(Task.parse("digits").splits(), "a test").test, 100)


@lru_cache
def robust() -> Batch:
    """The published, adversarially trained ResNet-2B, and CIFAR-10's test images."""
    from tests.properties.test_published_robustness import ResNet2B

    weights = np.load(DATA / "weights" / "cifar10_resnet2b_adv2.npz")
    body = ResNet2B()
    body.load_state_dict({name: torch.from_numpy(weights[name]) for name in weights.files})
    net = Network(body, Normalise((0.4914, 0.4822, 0.4465), (0.2471, 0.2435, 0.2616)), source="resnet2b").eval()
    return net, *some(loaded_images(Dataset.parse(f"pack:{DATA / 'cifar10' / 'cifar10_test.npz'}")).test, 200)


def some(images: Images, count: int) -> tuple[Tensor, Tensor]:
    """The first images, as floats."""
    return images.pixels_at(torch.arange(count)).float() / 255, images.labels[:count]


def losses(batch: Batch, attack: Callable[[int], Tensor]) -> list[float]:
    """The mean loss of the attacked images, a start a seed."""
    net, _, y = batch
    return [float(cross_entropy(net(attack(seed)), y).mean().detach()) for seed in SEEDS]


def ours(batch: Batch, seed: int, **options: Any) -> Tensor:
    """Our PGD."""
    net, x, y = batch
    return PGD(**options).perturb(net, x, y, cross_entropy, bounds=(0, 1), generator=generator(seed))


def not_below(found: list[float], expected: list[float]) -> None:
    """The means over starts differ by no more than three standard errors, and a thousandth for rounding."""
    noise = 3 * ((stdev(found) ** 2 + stdev(expected) ** 2) / len(SEEDS)) ** 0.5
    assert fmean(found) >= fmean(expected) * (1 - 1e-3) - noise, f"{found} against {expected}"


CASES = [
    pytest.param(digits, "linf", 16 / 255, id="digits-linf"),
    pytest.param(digits, "l2", 1.0, id="digits-l2"),
    *(
        pytest.param(
            robust,
            norm,
            eps,
            id=f"cifar10-{norm}",
            marks=[pytest.mark.realdata, pytest.mark.skipif(not DATA.is_dir(), reason="the real data is not here")],
        )
        for norm, eps in (("linf", 2 / 255), ("linf", 8 / 255), ("l2", 0.25))
    ),
]


@pytest.mark.parametrize(("batch", "norm", "eps"), CASES)
def test_foolboxs_settings(batch: Callable[[], Batch], norm: str, eps: float) -> None:
    given, (relative, steps) = batch(), FOOLBOX[norm]
    expected = losses(given, lambda seed: reference(*given, norm, eps, relative * eps, steps, seed))
    same = losses(given, lambda seed: ours(given, seed, norm=norm, eps=eps, steps=steps, step=relative * eps))
    not_below(same, expected)
    not_below(expected, same)
    not_below(losses(given, lambda seed: ours(given, seed, norm=norm, eps=eps, steps=steps)), expected)


@pytest.mark.parametrize(("batch", "norm", "eps"), CASES)
def test_twenty_steps_of_ours_against_twenty_of_foolboxs(batch: Callable[[], Batch], norm: str, eps: float) -> None:
    given = batch()
    expected = losses(given, lambda seed: reference(*given, norm, eps, FOOLBOX[norm][0] * eps, 20, seed))
    not_below(losses(given, lambda seed: ours(given, seed, norm=norm, eps=eps, steps=20)), expected)


@pytest.mark.parametrize(("batch", "norm", "eps"), CASES)
def test_torchattacks(batch: Callable[[], Batch], norm: str, eps: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torchattacks = pytest.importorskip("torchattacks")
    given = net, x, y = batch()
    step, make = eps / 4, torchattacks.PGD if norm == "linf" else torchattacks.PGDL2
    # its L2 start is uniform in the radius, so near the image, and ends higher than one uniform in the ball by up to
    # half a per cent: compared is what comes after the start
    start = norm == "linf"

    def theirs(seed: int) -> Tensor:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            found: Tensor = make(net, eps=eps, alpha=step, steps=20, random_start=start)(x, y)
            return found

    expected = losses(given, theirs)
    same = losses(given, lambda seed: ours(given, seed, norm=norm, eps=eps, steps=20, step=step, random_start=start))
    not_below(same, expected)
    not_below(expected, same)
