"""What every attack keeps: in its ball, decided by its generator, the model as it was, and worse for the model."""

import torch
from tests.attacks.toys import cross_entropy, toy_net
from torch import Tensor, nn

from tombola.attacks._base import Attack

from .costs import counted, forward
from .faults import NAN, Fault, first, gives
from .room import Check, finite, rng, untouched


def batch() -> tuple[nn.Module, Tensor, Tensor]:
    """A net, images, and what it answers: every image stands."""
    net, x = toy_net(), torch.rand(6, 3, 6, 6, generator=rng())
    with torch.no_grad():
        targets = net(x).argmax(1)
    return net, x, targets


def attacked(attack: Attack, seed: int = 0) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Images, what the attack makes of them, and the loss of each before and after."""
    net, x, targets = batch()
    found = attack.perturb(net, x, targets, cross_entropy, bounds=(0.0, 1.0), generator=rng(seed))
    with torch.no_grad():
        before, after = (cross_entropy(net(images), targets) for images in (x, found))
    return x, found, before, after


def it_gives_images_inside_its_ball_and_the_bounds(attack: Attack) -> None:
    x, found, _, _ = attacked(attack)
    assert (found.shape, found.dtype, found.requires_grad) == (x.shape, x.dtype, False)
    finite(found)
    assert bool(((found >= 0) & (found <= 1)).all())
    eps, norm = attack.budget().get("eps"), getattr(attack, "norm", "linf")
    if isinstance(eps, float):
        far = (found - x).flatten(1)
        assert bool(((far.abs().amax(1) if norm == "linf" else far.norm(dim=1)) <= eps * (1 + 1e-5)).all())


def it_raises_the_loss(attack: Attack) -> None:
    _, _, before, after = attacked(attack)
    assert attack.budget().get("eps") == 0 or float(after.sum()) > float(before.sum())


def its_generator_decides_everything(attack: Attack) -> None:
    assert torch.equal(attacked(attack)[1], attacked(attack)[1])


def it_leaves_the_model_and_the_images_alone(attack: Attack) -> None:
    for training in (False, True):
        net, x, targets = batch()
        net.train(training)
        next(net.parameters()).requires_grad = False
        with untouched(net, x, targets):
            attack.perturb(net, x, targets, cross_entropy, bounds=(0.0, 1.0), generator=rng())


def it_costs_what_it_says_when_every_image_stands(attack: Attack) -> None:
    passes = attack.passes(4)
    if passes is None:
        return
    net, x, targets = forward()
    with counted() as counter:
        attack.perturb(net, x, targets, cross_entropy, bounds=(0.0, 1.0), generator=rng())
    assert abs(counter.passes / passes - 1 if passes else counter.passes) < 0.02


CHECKS: tuple[Check, ...] = (
    it_gives_images_inside_its_ball_and_the_bounds,
    it_raises_the_loss,
    its_generator_decides_everything,
    it_leaves_the_model_and_the_images_alone,
    it_costs_what_it_says_when_every_image_stands,
)


FAULTS: tuple[Fault, ...] = (
    Fault("gives NaN", "pgd", "perturb", gives(lambda x: x * NAN), it_gives_images_inside_its_ball_and_the_bounds),
    Fault(
        "gives fewer images", "pgd", "perturb", gives(lambda x: x[1:]), it_gives_images_inside_its_ball_and_the_bounds
    ),
    Fault(
        "leaves its ball",
        "pgd",
        "perturb",
        gives(lambda x: (x + 0.1).clamp(0, 1)),
        it_gives_images_inside_its_ball_and_the_bounds,
    ),
    Fault(
        "does nothing",
        "pgd",
        "perturb",
        lambda method: lambda self, model, x, *rest, **options: x.clone(),
        it_raises_the_loss,
    ),
    Fault(
        "has no seed",
        "pgd",
        "perturb",
        gives(lambda x: (x - 1e-6 * torch.rand_like(x)).clamp(0, 1)),
        its_generator_decides_everything,
    ),
    Fault(
        "changes the images",
        "pgd",
        "perturb",
        first(lambda model, x, *rest: x.mul_(0.99)),
        it_leaves_the_model_and_the_images_alone,
    ),
    Fault(
        "leaves the net training",
        "pgd",
        "perturb",
        first(lambda model, *rest: model.train()),
        it_leaves_the_model_and_the_images_alone,
    ),
    Fault(
        "costs more than it says",
        "pgd",
        "perturb",
        first(lambda model, x, *rest: model(x)),
        it_costs_what_it_says_when_every_image_stands,
    ),
)
