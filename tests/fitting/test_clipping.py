"""A clip counts what is trained: the same step at every sparsity, other keys where it now means other work."""

from typing import Any

import pytest
import torch
from tests.fitting.toys import Toy, masks, network
from tests.schemes.toys import FIT

from tombola.fitting.fit import Fit
from tombola.fitting.session import Session
from tombola.masks.enforce import Enforcer, apply_masks
from tombola.masks.masks import Masks
from tombola.models.network import Network
from tombola.models.prunable import prunable
from tombola.models.source import Source
from tombola.schemes._base import Scheme
from tombola.spec import build
from tombola.transfers._base import Transfer

PLAIN = {"name": "sgd", "lr": 1.0, "momentum": 0.0, "weight_decay": 0.0}
ONE_STEP = {"epochs": "1it", "batch": 16, "optimizer": PLAIN, "schedule": "constant", "precision": "float32"}


def resnet() -> Network:
    return Source.parse({"name": "resnet8", "width": 0.25}).load(num_classes=3, seed=0)


def random_masks(model: Network, sparsity: float) -> Masks:
    drawn = torch.Generator().manual_seed(0)
    return Masks({n: torch.rand(w.shape, generator=drawn) >= sparsity for n, w in prunable(model.body).items()})


def step_length(sparsity: float, **options: Any) -> float:
    """How far one step moves the weights, that of the masked network being where it begins."""
    model = resnet()
    kept = random_masks(model, sparsity)
    after = build(Fit, {**ONE_STEP, **options}).run(model, Toy(), masks=kept, seed=0, session=Session())
    apply_masks(model.body, kept)
    moved = [(b - a).flatten() for a, b in zip(model.parameters(), after.parameters(), strict=True)]
    return float(torch.cat(moved).detach().norm())


@pytest.mark.parametrize("sparsity", [0.0, 0.59, 0.9, 0.98])
def test_a_clipped_step_is_as_long_as_the_clip_at_every_sparsity(sparsity: float) -> None:
    assert step_length(sparsity) > 0.6
    assert step_length(sparsity, clip=0.5) == pytest.approx(0.5, abs=1e-4)


def test_gradients_of_pruned_weights_are_dropped_and_others_stay() -> None:
    model = network()
    kept = masks(model)
    model(torch.rand(4, 3, 8, 8)).sum().backward()
    before = {name: p.grad.clone() for name, p in model.body.named_parameters() if p.grad is not None}
    Enforcer(model.body, kept).drop_gradients()
    for name, parameter in model.body.named_parameters():
        mask = kept[name] if name in kept else torch.ones_like(parameter, dtype=torch.bool)
        assert parameter.grad is not None
        assert torch.equal(parameter.grad, before[name] * mask)


def test_infinite_and_missing_gradients_are_dropped_too() -> None:
    model = network()
    weight = model.body.get_parameter("0.weight")
    weight.grad = torch.full_like(weight, float("nan"))
    Enforcer(model.body, Masks({"0.weight": torch.zeros(weight.shape, dtype=torch.bool)})).drop_gradients()
    assert int(weight.grad.count_nonzero()) == 0
    Enforcer(model.body, masks(model)).drop_gradients()


CLIPPED = {**FIT, "clip": 1.0}


@pytest.mark.parametrize("made", [lambda fit: Scheme.parse({"name": "imp", "fit": fit, "level": 2}),
                                  lambda fit: Transfer.parse({"name": "finetune", "fit": fit})])  # fmt: skip
def test_what_trains_under_masks_says_that_clip_means_other_work(made: Any) -> None:
    assert made(CLIPPED).identity()["fit"] == {"version": 2, **build(Fit, CLIPPED).identity()}
    assert made(FIT).identity()["fit"] == build(Fit, FIT).identity()


def test_a_training_without_masks_is_the_same_work_with_a_clip() -> None:
    head = Transfer.parse({"name": "linear_sgd", "fit": CLIPPED})  # the head is never masked
    learned = Scheme.parse({"name": "lmp", "fit": CLIPPED})  # and scores are all trained
    assert "version" not in build(Fit, CLIPPED).identity()
    assert "version" not in str(head.identity())
    assert "version" not in str(learned.identity())
