"""A training under guard: it is looked at now and then, and the last state that was found sound is held.

What is held goes into checkpoints, and whether to look depends on the step alone, so a training that was stopped goes
on with the same bits. The state a training begins with is held unseen: there is nothing before it to go back to. Until
the first sound look, faults are waited out a few times: a training that has only begun may look broken.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, final

import torch
from torch import Tensor, nn

from tombola.attacks._base import Criterion
from tombola.batch import Batch
from tombola.errors import StageError
from tombola.objectives._base import Objective, Running, Standing
from tombola.tasks._base import Task
from tombola.units import Steps

_HELD: Final = 128
"""Samples looked at, at most; and never more than a batch, so that a look costs a few steps."""
_PATIENCE: Final = 3
"""The fault in a row that counts, until there was a sound look."""


@dataclass(frozen=True)
class Finding:
    """What a guard saw: a sound training, whose state is worth holding, a fault, or neither of them for certain."""

    sound: bool = False
    fault: str = ""
    """What is broken, as half a sentence with its numbers."""


class Guard(ABC):
    """Looks now and then at a training on samples held beside it; `loss` is not asked for."""

    every: Steps
    """How often to look; a training also looks at its end."""
    remedy: str
    """What to write for a training that does not break this way, as half a sentence."""

    @abstractmethod
    def look(
        self,
        model: nn.Module,
        batch: Batch,
        criterion: Criterion,
        scores: Callable[[Tensor, Tensor], Tensor],
        *,
        generator: torch.Generator,
    ) -> Finding:
        """How the training stands. The model is not changed.

        ``scores`` gives one score a sample, higher is better: the task's.
        """

    @abstractmethod
    def repaired(self) -> "tuple[Objective, Guard | None, str] | None":
        """Objective and guard to go on with after a fault, and what is different; None: end the training."""


@final
class Guarded(Running):
    """An objective under its guard."""

    def __init__(self, objective: Objective, guard: Guard, task: Task) -> None:
        super().__init__(objective)
        self._guard: Guard | None = guard
        self._remedy = guard.remedy
        self._task = task
        self._looked_at: Batch | None = None
        self._sound: dict[str, Tensor] = {}
        self._step = -1
        self._seen = False
        self._repairs = 0
        self._waited = 0

    def before_first(self, training: Standing) -> None:
        if self._step < 0:
            self._hold(training, seen=False)

    def after_step(self, training: Standing) -> None:
        """Hold the state when it is sound; otherwise go back to the last that was, and go on or end there."""
        if not self._due(training):
            return
        training.settle()
        found = self._look(training)
        if found.sound:
            self._hold(training, seen=True)
        if found.fault and not self._waits(training):
            self._go_back(training, found.fault)

    def tensors(self) -> dict[str, Tensor]:
        counts = [self._step, self._seen, self._repairs, self._waited]
        return {**self._sound, "guard": torch.tensor(counts)}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        self._sound = {name: tensor for name, tensor in tensors.items() if name != "guard"}
        self._step, seen, repairs, waited = tensors["guard"].tolist()
        for _ in range(repairs):
            self._repair()
        self._seen, self._waited = bool(seen), waited

    def _due(self, training: Standing) -> bool:
        if self._guard is None:
            return False
        at = training.at
        return at.step == at.steps or at.step % max(1, self._guard.every.iterations(at.per_epoch)) == 0

    def _look(self, training: Standing) -> Finding:
        guard, task, step = self._guard, self._task, training.at.step
        assert guard is not None

        def question(there: Callable[[Batch], Batch]) -> Finding:
            self._looked_at = self._looked_at or there(
                _some(task, min(training.samples, _HELD), training.drawn("held"))
            )
            drawn = training.drawn("here", "guard", step)
            return guard.look(training.network, self._looked_at, task.losses, task.scores, generator=drawn)

        return training.asked(question)

    def _hold(self, training: Standing, *, seen: bool) -> None:
        self._sound = training.held()
        self._step, self._seen, self._waited = training.at.step, seen, 0

    def _waits(self, training: Standing) -> bool:
        """Whether a fault is waited out; counts it."""
        self._waited += 1
        return not self._seen and self._waited < _PATIENCE and training.at.step < training.at.steps

    def _go_back(self, training: Standing, fault: str) -> None:
        """To what was sound, under an objective that is repaired; fails where nothing was sound."""
        step, last, remedy = training.at.step, training.at.steps, self._remedy
        difference = self._repair() if step < last else None
        if difference is None and not self._seen:
            raise StageError(f"step {step} of {last}: {fault}, and was not sound before. {remedy}")
        training.go_back(self._sound, entry={"fault": fault})
        back = f"step {step} of {last}: {fault}; the weights of step {self._step} are back, and the training"
        if difference is None:
            training.note(f"{back} ends with them. {remedy}")
            training.end()
        else:
            training.note(f"{back} {difference}. {remedy}")

    def _repair(self) -> str | None:
        """Go on under a repaired objective; what is different about it, None where there is no repair."""
        assert self._guard is not None
        found = self._guard.repaired()
        if found is None:
            return None
        self.objective, self._guard, difference = found
        self._repairs += 1
        self._waited = 0
        return difference


def _some(task: Task, count: int, drawn: torch.Generator) -> Batch:
    """Up to ``count`` validation samples, picked at random; training samples where there is no validation split."""
    splits = task.splits()
    examples = splits.val if len(splits.val) else splits.train
    return examples.take(torch.randperm(len(examples), generator=drawn)[:count])
