"""The test split in batches, and a model ready to be measured on it."""

from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Final, TypeVar

import torch
from torch import Tensor

from tombola.answers import Answers
from tombola.attacks._crafting import crafting
from tombola.batch import Batch
from tombola.data._base import Examples, Images, Labelled
from tombola.data._loading import batches, in_parts
from tombola.errors import RequestError, StageError
from tombola.models.network import Network
from tombola.outcomes import Outcomes
from tombola.tasks._base import Task

T = TypeVar("T")
_LOOKED_AT: Final = 64


def test_examples(task: Task, samples: int | None) -> Examples:
    """The task's test split, or its first ``samples``; raises `RequestError` when it has fewer."""
    examples = task.splits().test
    if samples is None:
        return examples
    if samples > len(examples):
        raise RequestError(f"samples={samples}: the test split holds {len(examples)} samples; leave it empty for all")
    return examples.some(torch.arange(samples))


def test_images(task: Task, samples: int | None) -> Images:
    """The same of a task of images; `RequestError` for another."""
    return images_of(test_examples(task, samples), task)


def images_of(examples: Examples, task: Task) -> Images:
    """The examples, which must be labelled images; `RequestError` where they are not."""
    if not isinstance(examples, Images):
        raise RequestError(
            f"this is measured of labelled images, and {task.name} has {type(examples).__name__.lower()};"
            " write measure: [accuracy], or --property accuracy"
        )
    return examples


def labelled(examples: Examples, task: Task) -> Labelled:
    """The examples, which must have labels; `RequestError` where they have none."""
    if not isinstance(examples, Labelled):
        raise RequestError(f"this is measured of samples with labels, and {task.name} has none; leave it out")
    return examples


def require_answers(task: Task, kind: type[Answers], judges: str, instead: str) -> None:
    """Raise `RequestError` for a task of other answers: ``judges`` says what is judged, ``instead`` what to write."""
    if not issubclass(task.ANSWERS, kind):
        raise RequestError(f"{judges}, and {task.name} has a target {task.ANSWERS.WHAT}; {instead}")


def each_batch(
    model: Network,
    examples: Examples,
    batch: int,
    device: torch.device,
    taken: Callable[[Batch, Tensor], T],
) -> list[T]:
    """What ``taken`` makes of each batch, in the examples' order, and of the model's outputs at it, in eval mode.

    Raises `StageError` where outputs hold NaN. The model comes back as given.
    """
    return _of_each(model, batches(examples, batch, device=device), device, taken)


def image_scores(model: Network, task: Task, examples: Examples, batch: int, device: torch.device) -> Tensor:
    """The task's score of every example, in their order, by the model in eval mode."""

    def scored(shown: Batch, outputs: Tensor) -> Tensor:
        return task.scores(outputs, shown.targets).double().cpu()

    parts = examples.batches_of(batch)
    found = torch.cat(_of_each(model, in_parts(examples, parts, device=device), device, scored))
    return found[torch.cat(parts).argsort()]


def _of_each(
    model: Network, shown: Iterable[Batch], device: torch.device, taken: Callable[[Batch, Tensor], T]
) -> list[T]:
    network = ready(model, device)
    with crafting(network, "eval"), torch.no_grad():
        return [taken(one, answers(network, one)) for one in shown]


def answers(network: Network, shown: Batch) -> Tensor:
    """The network's outputs; raises `StageError` where they hold NaN, of which nothing can be measured."""
    return without_nan(network, network(shown.x, **shown.more))


def without_nan(network: Network, outputs: Tensor) -> Tensor:
    """Its outputs, as given; raises `StageError` where they hold NaN."""
    if bool(outputs.isnan().any()):
        raise StageError(
            f"{network.source}: its outputs hold NaN, so nothing can be measured of it; its weights or batch-norm"
            " statistics are broken: train it again with a lower optimizer.lr, or take a file from before"
        )
    return outputs


def outcomes(scores: Tensor, examples: Examples) -> str:
    """Which examples were told right, in order; nothing where a score is neither 0 nor 1."""
    if not bool(((scores == 0) | (scores == 1)).all()):
        return ""
    return Outcomes.made((scores == 1).tolist(), _name(examples)).text


def _name(examples: Examples) -> str:
    """Sixteen hex digits of the examples in their order: of all labels and, as reading takes time, of some samples."""
    some = torch.linspace(0, len(examples) - 1, min(len(examples), _LOOKED_AT)).long()
    digest = sha256(examples.labels.numpy().tobytes() if isinstance(examples, Labelled) else b"")
    digest.update(examples.take(some).x.numpy().tobytes())
    return digest.hexdigest()[:16]


def ready(model: Network, device: torch.device) -> Network:
    """The model on ``device``: itself where it is there already, else a copy, so the one given stays where it is."""
    here = next(iter(model.state_dict().values())).device
    return model if here == device else model.copy().to(device)
