"""What every task keeps: splits of one set of classes, a head that answers them, right answers judged best."""

from dataclasses import replace

import torch
from torch import Tensor

from tombola.data._base import Images, InMemory
from tombola.data._loading import batches
from tombola.models.network import Network
from tombola.tasks._base import Task

from .faults import Fault, first, gives, luck, shake
from .room import Check, finite, residual, rng, same, untouched


def some(task: Task) -> tuple[Tensor, Tensor]:
    """Training images in [0, 1] and their targets, as a training gets them."""
    return next(batches(task.splits().train, 4))


def outputs(task: Task, right: Tensor) -> Tensor:
    """Logits that are sure of ``right``."""
    classes = len(task.splits().classes)
    hot = torch.nn.functional.one_hot(right.long().clamp(0, classes - 1), classes)
    return 9.0 * hot.movedim(-1, 1).float()


def its_splits_are_of_one_kind(task: Task) -> None:
    task.check()
    splits = task.splits()
    parts: tuple[Images, ...] = (splits.train, splits.val, splits.test)
    assert all(len(part) > 0 for part in parts)
    assert len({part.classes for part in parts}) == 1
    assert len(splits.classes) > 1


def its_head_answers_it_and_leaves_the_model_alone(task: Task) -> None:
    model = residual().copy()
    with untouched(model):
        found, again = (task.head(model, generator=rng(3)) for _ in range(2))
    assert isinstance(found, Network)
    assert task.fits(found)
    assert same(found, again), "its generator does not decide the head"
    x, targets = some(task)
    with torch.no_grad():
        answers = found.eval()(x)
    finite(answers)
    losses = task.losses(answers, targets)
    assert losses.shape == task.scores(answers, targets).shape == (len(x),)
    finite(losses)


def right_answers_cost_less_and_score_more(task: Task) -> None:
    _, targets = some(task)
    right, wrong = outputs(task, targets), outputs(task, (targets + 1) % len(task.splits().classes))
    assert bool((task.losses(right, targets) < task.losses(wrong, targets)).all())
    good, bad = task.scores(right, targets), task.scores(wrong, targets)
    finite(good)
    assert bool((good > bad).all())


def augmented_images_are_images_and_its_generator_decides_them(task: Task) -> None:
    x, targets = some(task)
    before = x.clone()
    one, again = (task.augment_pair(x, targets, generator=rng(5)) for _ in range(2))
    assert all(map(torch.equal, one, again))
    assert torch.equal(task.augment(x, generator=rng(5)), task.augment(x, generator=rng(5)))
    assert torch.equal(x, before), "the images given were changed"
    assert (one[0].shape, one[1].shape) == (x.shape, targets.shape)
    assert bool(((one[0] >= 0) & (one[0] <= 1)).all())


CHECKS: tuple[Check, ...] = (
    its_splits_are_of_one_kind,
    its_head_answers_it_and_leaves_the_model_alone,
    right_answers_cost_less_and_score_more,
    augmented_images_are_images_and_its_generator_decides_them,
)


FAULTS: tuple[Fault, ...] = (
    Fault(
        "gives one loss",
        "classification",
        "losses",
        gives(lambda losses: losses.mean()),
        its_head_answers_it_and_leaves_the_model_alone,
    ),
    Fault(
        "scores wrong answers",
        "classification",
        "scores",
        gives(lambda scores: 1 - scores),
        right_answers_cost_less_and_score_more,
    ),
    Fault(
        "augments beyond white",
        "classification",
        "augment",
        gives(lambda x: x + 1),
        augmented_images_are_images_and_its_generator_decides_them,
    ),
    Fault(
        "augments by luck",
        "classification",
        "augment",
        gives(lambda x: luck(x).clamp(0, 1)),
        augmented_images_are_images_and_its_generator_decides_them,
    ),
    Fault(
        "puts the head on the model given",
        "classification",
        "head",
        first(shake),
        its_head_answers_it_and_leaves_the_model_alone,
    ),
    Fault(
        "has no test images",
        "classification",
        "splits",
        gives(
            lambda s: replace(
                s,
                test=InMemory(torch.zeros(0, 3, 8, 8, dtype=torch.uint8), torch.zeros(0, dtype=torch.int64), s.classes),
            )
        ),
        its_splits_are_of_one_kind,
    ),
)
