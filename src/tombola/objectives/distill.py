"""Distillation: another objective's loss, and how far the outputs are from those of a network that knows the task.

What: (1 - weight) * loss + weight * T^2 * KL(teacher || outputs), both softened by the temperature T. The outputs are
    those that the objective wrapped has computed its loss from; the teacher sees the batch as it is. So around
    ``natural`` it is Hinton's, and around ``adversarial`` robust distillation: a student under attack is to answer as
    the teacher does without one. Where a sample has many answers (pixels, hidden words) it is their mean, those
    aside that the task does not ask; for spans, of where they begin and end. The teacher is in eval mode and is never
    trained. ``dense`` is the dense network, adapted first in the very way the ticket is, but without a teacher and
    without changes of masks: a study does so once for all its tickets.
When: A sparse network loses accuracy that its dense one has: the first thing to try at high sparsities.
Cost: A forward pass of the teacher a step, and its weights in memory; for ``dense`` one dense training more.
Options: of; teacher: ``dense``, ``path:FILE``, a self-contained ``.ticket``, or a model's name; temperature; weight.
    ``of`` cannot be ``free``, which moves its batch, or ``freelb``, whose gradients are spent when its loss is there.
Reference: Hinton, Vinyals & Dean, arXiv 1503.02531; robust: Goldblum et al. (ARD), AAAI 2020, arXiv 1905.09747.
"""

from pathlib import Path
from typing import Final, Self, final

import torch
from pydantic import model_validator
from torch import Tensor, nn

from tombola.answers import Answers, Classes, Maps, Span, Tokens
from tombola.attacks._base import Criterion
from tombola.batch import Batch
from tombola.data._hidden_words import NOTHING
from tombola.data._scenes import VOID
from tombola.errors import RequestError
from tombola.models.network import Network
from tombola.objectives._around import Around
from tombola.objectives._base import Found, Objective, Progress, Running
from tombola.objectives._teacher import Teacher, placed, ready
from tombola.spec import option
from tombola.tasks._base import Task

_SOFTENED: Final = (Classes, Maps, Tokens, Span)


@final
class Distill(Objective):
    """Another objective's loss beside a teacher's answers."""

    of: Objective = option("natural", "the objective that a teacher is put beside", validate_default=True)
    teacher: Teacher = option(
        "dense", "who teaches: dense, path:FILE, a .ticket file, or a model", validate_default=True
    )
    temperature: float = option(2.0, "what both outputs are divided by before they are compared", gt=0)
    weight: float = option(0.5, "the teacher's part of the loss; the rest is the objective's", gt=0, le=1)

    @model_validator(mode="after")
    def _outputs_are_there(self) -> Self:
        if self.of.OWN_BATCH:
            raise ValueError(f"{self.of.name!r} moves what it trains on, and no teacher sees it; write of=adversarial")
        if self.of.spent:
            raise ValueError(
                f"{self.of.name!r} has spent its gradients when its loss is there, and a teacher comes too late;"
                " write of=adversarial"
            )
        return self

    @classmethod
    def examples(cls, folder: Path) -> list[Self]:  # noqa: ARG003  no file is needed
        """Taught by a toy of three classes: a dense network is a transfer's, and files would have to be written."""
        with torch.random.fork_rng():
            torch.manual_seed(0)
            toy = Network(nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 3)), source="a toy")
        return [cls().taught(toy), cls(weight=1.0, temperature=4.0).taught(toy)]

    def loss(
        self, model: nn.Module, batch: Batch, criterion: Criterion, *, at: Progress, generator: torch.Generator
    ) -> Found:
        """Without a teacher, whom the training's `Running` has beside it."""
        return self.of.loss(model, batch, criterion, at=at, generator=generator)

    def check(self, task: Task) -> None:
        if not issubclass(task.ANSWERS, _SOFTENED):
            raise RequestError(f"distill softens classes, and the task {task.name} asks for none; leave it out")
        self.of.check(task)

    def begin(self, network: nn.Module, task: Task, *, seed: int) -> Running:
        self.check(task)
        teacher = placed(ready(self.teacher.load(), task), network)
        return Distilling(self, self.of.begin(network, task, seed=seed), teacher, task)

    def passes(self, classes: int, *, body: bool = True) -> float | None:
        """With a dense teacher; of another network nobody knows here what it costs."""
        found = self.of.passes(classes, body=body)
        return found + 1 if found is not None and self.teacher.dense else None

    def untaught(self) -> Objective | None:
        return self.of if self.teacher.dense else None

    def taught(self, by: Network) -> Self:
        return self.replace(teacher=Teacher.of(by)) if self.teacher.dense else self

    def apart(self, answers: Answers, outputs: Tensor, taught: Tensor, targets: Tensor) -> Tensor:
        """How far the outputs are from the teacher's, one number a sample, (N,)."""
        each = divergence(*(_classes_second(answers, one, targets) / self.temperature for one in (outputs, taught)))
        return self.temperature**2 * _mean(each, _asked(answers, each, targets))


@final
class Distilling(Around):
    """An objective at work beside a teacher."""

    def __init__(self, objective: Distill, inner: Running, teacher: Network, task: Task) -> None:
        super().__init__(objective, inner)
        self._distill: Final = objective
        self._teacher: Final = teacher
        self._answers: Final = task.answers

    def loss(
        self, model: nn.Module, batch: Batch, criterion: Criterion, *, at: Progress, generator: torch.Generator
    ) -> Found:
        found, ours = self.inner.loss(model, batch, criterion, at=at, generator=generator), self._distill
        with torch.no_grad():
            taught = self._teacher(batch.x, **batch.more)
        apart = ours.apart(self._answers, found.outputs, taught, batch.targets).mean()
        return Found((1 - ours.weight) * found.loss + ours.weight * apart, found.outputs)


def divergence(outputs: Tensor, taught: Tensor) -> Tensor:
    """KL(taught || outputs) at every place, summed over the second dimension; -inf in both counts for nothing."""
    log, wanted = outputs.log_softmax(1), taught.log_softmax(1)
    return (wanted.exp() * (wanted - log).masked_fill(wanted.isneginf(), 0.0)).sum(1)


def _classes_second(answers: Answers, outputs: Tensor, targets: Tensor) -> Tensor:
    """In float32, what is chosen among in the second dimension: classes, words, or a window's own tokens."""
    outputs = outputs.float()
    if isinstance(answers, Tokens):
        return outputs.transpose(1, 2)
    if isinstance(answers, Span):
        places = torch.arange(outputs.shape[1], device=outputs.device)
        return outputs.masked_fill((places >= targets[:, 2:])[..., None], -torch.inf)
    return outputs


def _asked(answers: Answers, each: Tensor, targets: Tensor) -> Tensor:
    """Where the task asks for an answer."""
    if isinstance(answers, Maps):
        return targets != VOID
    return targets != NOTHING if isinstance(answers, Tokens) else torch.ones_like(each, dtype=torch.bool)


def _mean(each: Tensor, asked: Tensor) -> Tensor:
    """Over each sample's places that are asked for, (N,); 0 where none is."""
    if each.ndim == 1:
        return each
    return (each * asked).flatten(1).sum(1) / asked.flatten(1).sum(1).clamp_min(1)
