"""What every task keeps: splits of one set of classes, a head that answers them, right answers judged best."""

import math
from dataclasses import replace

import torch
from tests.tasks.toy_reader import reader
from torch import Tensor

from tombola.answers import Boxes, Classes, Maps, Number, Span, Tokens, Vectors
from tombola.batch import Batch
from tombola.data._base import Examples, InMemory, Labelled
from tombola.data._loading import batches
from tombola.models.network import Network
from tombola.tasks._base import Task
from tombola.tasks.metrics._base import Metric

from .faults import Fault, first, gives, luck, shake
from .room import Check, finite, residual, rng, same, untouched


def some(task: Task) -> Batch:
    """A few training samples, images in [0, 1], as a training gets them."""
    found = next(batches(task.splits().train, 4))
    return task.views(found, generator=rng()) if issubclass(task.ANSWERS, Vectors) else found


def outputs(task: Task, right: Tensor) -> Tensor:
    """Logits that are sure of ``right``, classes second and words last; or the right numbers; or equal vectors."""
    if issubclass(task.ANSWERS, Number):
        return right[:, None].float()
    if issubclass(task.ANSWERS, Span):
        places = torch.arange(int(right[:, 2].max()))
        return 9.0 * (places[None, :, None] == right[:, None, :2]).float()
    if issubclass(task.ANSWERS, Boxes):
        return sure_of(right, len(task.splits().classes))
    count = task.answers.outputs
    hot = 9.0 * torch.nn.functional.one_hot(right.long().clamp(0, count - 1), count).float()
    return hot if issubclass(task.ANSWERS, Tokens) else hot.movedim(-1, 1)


def sure_of(right: Tensor, classes: int) -> Tensor:
    """Places every 2 pixels of 16; the one nearest to the middle of a box is sure of it."""
    found = torch.full((len(right), 6 + classes, 8, 8), -9.0)
    at = torch.arange(8) * 2.0 + 1
    found[:, 4], found[:, 5] = at, at[:, None]
    found[:, :4] = found[:, [4, 5, 4, 5]]
    for image, boxes in enumerate(right):
        for label, *corners in boxes[boxes[:, 0] >= 0].tolist():
            column, row = (min(7, int((corners[side] + corners[side + 2]) / 4)) for side in (0, 1))
            found[image, :4, row, column] = torch.tensor(corners)
            found[image, 6 + int(label), row, column] = 9.0
    return found


def wrong(task: Task, targets: Tensor) -> Tensor:
    """Other targets of the same kind."""
    if issubclass(task.ANSWERS, Vectors):  # whoever is first is taken for another one's view
        return torch.cat([targets[: len(targets) // 2], targets[len(targets) // 2 :].roll(1)])
    if issubclass(task.ANSWERS, Boxes):
        classes = len(task.splits().classes)
        other = torch.where(targets[..., :1] >= 0, (targets[..., :1] + 1) % classes, targets[..., :1])
        return torch.cat([other, targets[..., 1:]], -1)
    if issubclass(task.ANSWERS, Span):
        return torch.cat([(targets[:, :2] + 1) % targets[:, 2:], targets[:, 2:]], 1)
    return targets + 1 if issubclass(task.ANSWERS, Number) else (targets + 1) % task.answers.outputs


def subject(task: Task) -> Network:
    """A small net that can be shown its samples."""
    return residual() if some(task).x.is_floating_point() else reader()


def its_splits_are_of_one_kind(task: Task) -> None:
    task.check()
    splits = task.splits()
    parts: tuple[Examples, ...] = (splits.train, splits.val, splits.test)
    assert all(len(part) > 0 for part in parts)
    named = {part.classes if isinstance(part, Labelled) else () for part in parts}
    assert named == {splits.classes}
    if issubclass(task.ANSWERS, Classes | Maps | Boxes):
        assert task.answers == task.ANSWERS(len(splits.classes))
    assert isinstance(task.answers, task.ANSWERS)


def its_example_is_shaped_as_its_samples(task: Task) -> None:
    batch, example = some(task), task.example()
    assert (example.x.ndim, example.x.dtype) == (batch.x.ndim, batch.x.dtype)
    if batch.x.is_floating_point():
        assert example.x.shape[1:] == batch.x.shape[1:], "images are of one size, and the example of another"
    assert len(example) == 1
    assert set(example.more) == set(batch.more)


def its_metric_is_the_same_in_parts(task: Task) -> None:
    targets = some(task).targets
    told = outputs(task, torch.cat([targets[:1], wrong(task, targets[1:])]))  # one is told right
    whole, first, second = task.metric(), task.metric(), task.metric()
    whole.update(told, targets)
    first.update(told[:1], targets[:1])
    second.update(told[1:], targets[1:])
    first.merge(second)
    assert abs(first.compute() - whole.compute()) < 1e-9
    assert math.isfinite(whole.compute())
    assert math.isnan(task.metric().compute()), "a metric that has seen nothing says a number"


def its_head_answers_it_and_leaves_the_model_alone(task: Task) -> None:
    model = subject(task).copy()
    with untouched(model):
        found, again = (task.head(model, generator=rng(3)) for _ in range(2))
    assert isinstance(found, Network)
    assert task.fits(found)
    assert same(found, again), "its generator does not decide the head"
    batch = some(task)
    with torch.no_grad():
        answers = found.eval()(batch.x, **batch.more)
    finite(answers)
    losses = task.losses(answers, batch.targets)
    assert losses.shape == task.scores(answers, batch.targets).shape == (len(batch),)
    finite(losses)


def right_answers_cost_less_and_score_more(task: Task) -> None:
    targets = some(task).targets
    right, other = outputs(task, targets), outputs(task, wrong(task, targets))
    assert bool((task.losses(right, targets) < task.losses(other, targets)).all())
    good, bad = task.scores(right, targets), task.scores(other, targets)
    finite(good)
    assert bool((good > bad).all())


def views_are_samples_and_its_generator_decides_them(task: Task) -> None:
    batch = some(task)
    before, (one, again) = batch.x.clone(), (task.views(batch, generator=rng(5)) for _ in range(2))
    assert torch.equal(one.x, again.x)
    assert torch.equal(one.targets, again.targets)
    assert torch.equal(batch.x, before), "the samples given were changed"
    assert (one.x.shape[1:], one.targets.shape[1:]) == (batch.x.shape[1:], batch.targets.shape[1:])
    assert len(one.x) == len(one.targets) >= len(batch)
    assert set(one.more) == set(batch.more)
    assert bool((one.x >= 0).all())
    assert one.x.dtype == batch.x.dtype
    assert not one.x.is_floating_point() or bool((one.x <= 1).all())


CHECKS: tuple[Check, ...] = (
    its_example_is_shaped_as_its_samples,
    its_metric_is_the_same_in_parts,
    its_splits_are_of_one_kind,
    its_head_answers_it_and_leaves_the_model_alone,
    right_answers_cost_less_and_score_more,
    views_are_samples_and_its_generator_decides_them,
)


def merges_nothing(metric: Metric) -> Metric:
    """The same, blind to what other ones have seen."""
    metric.merge = lambda other: None  # type: ignore[method-assign]  # what is wrong with it
    return metric


FAULTS: tuple[Fault, ...] = (
    Fault(
        "shows an example of another size",
        "classification",
        "example",
        gives(lambda batch: batch.replace(x=batch.x[..., :4])),
        its_example_is_shaped_as_its_samples,
    ),
    Fault(
        "has a metric that merges nothing",
        "classification",
        "metric",
        gives(merges_nothing),
        its_metric_is_the_same_in_parts,
    ),
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
        "views",
        gives(lambda batch: batch.replace(x=batch.x + 1)),
        views_are_samples_and_its_generator_decides_them,
    ),
    Fault(
        "augments by luck",
        "classification",
        "views",
        gives(lambda batch: batch.replace(x=luck(batch.x).clamp(0, 1))),
        views_are_samples_and_its_generator_decides_them,
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
