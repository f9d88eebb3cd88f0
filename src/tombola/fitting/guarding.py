"""A training under guard: its objective's guard is asked now and then, and the last state it found sound is held.

What is held goes into checkpoints, and whether to look depends on the step alone, so a training that was stopped goes
on with the same bits. The state a training begins with is held unseen: there is nothing before it to go back to. Until
the first sound look, faults are waited out a few times: a training that has only begun may look broken.
"""

from typing import Any, final

import torch
from torch import Tensor, nn

from tombola.data._base import Images
from tombola.data._loading import batches
from tombola.errors import StageError
from tombola.fitting import state
from tombola.fitting.devices import autocast
from tombola.fitting.seeds import generator
from tombola.objectives._base import Finding, Objective
from tombola.spec import Json
from tombola.tasks._base import Task

_HELD = 128
"""Images looked at, at most; and never more than a batch, so that a look costs a few steps."""
_PATIENCE = 3
"""The fault in a row that counts, until there was a sound look."""


@final
class Guarding:
    """Which objective a training is under, when it is looked at, and what it goes back to."""

    def __init__(self, objective: Objective, task: Task, *, seed: int, device: torch.device, bfloat16: bool) -> None:
        self.objective = objective
        self._guard = objective.guard()
        self._task = task
        self._seed = seed
        self._device = device
        self._bfloat16 = bfloat16
        self._held: tuple[Tensor, Tensor] | None = None
        self._sound: dict[str, Tensor] = {}
        self._best: float | None = None
        self._step: int | None = None
        self._seen = False
        self._repairs = 0
        self._waited = 0

    def due(self, step: int, last: int, per_epoch: int) -> bool:
        """Whether to look after so many steps: every now and then, and at the end."""
        if self._guard is None:
            return False
        return step == last or step % max(1, self._guard.every.iterations(per_epoch)) == 0

    def look(self, network: nn.Module, step: int, batch: int) -> Finding:
        """How the network stands after ``step`` steps. It is not changed."""
        assert self._guard is not None
        self._held = self._held or _held(self._task, min(batch, _HELD), self._seed, self._device)
        drawn = generator(self._seed, "guard", step, device=self._device)
        with autocast(self._device, bfloat16=self._bfloat16):
            return self._guard.look(network, *self._held, self._task.losses, self._task.scores, generator=drawn)

    def hold(self, step: int, tensors: dict[str, Tensor], best: float | None, *, seen: bool) -> None:
        """Keep copies of the state after ``step`` steps, ``seen`` to be sound or the first there is."""
        if self._guard is not None:
            self._sound, self._step, self._best, self._seen = state.copied(tensors), step, best, seen
            self._waited = 0

    def waits(self, step: int, last: int) -> bool:
        """Whether a fault after ``step`` steps is waited out; counts it."""
        self._waited += 1
        return not self._seen and self._waited < _PATIENCE and step < last

    @property
    def holds(self) -> bool:
        """Whether there is a state to go back to."""
        return self._step is not None

    def sound(self) -> tuple[dict[str, Tensor], float | None]:
        """Copies of the state held, and its best validation score."""
        return state.copied(self._sound), self._best

    def repair(self, fault: str, step: int, last: int) -> tuple[bool, str]:
        """Whether to go on, under an objective that is repaired, and what to tell; fails where nothing was sound."""
        assert self._guard is not None
        back, remedy = f"the weights of step {self._step} are back", self._guard.remedy
        found = self._guard.repaired() if step < last else None
        if found is None and not self._seen:
            raise StageError(f"step {step} of {last}: {fault}, and was not sound before. {remedy}")
        if found is None:
            return False, f"step {step} of {last}: {fault}; {back}, and the training ends with them. {remedy}"
        self._use(*found)
        return True, f"step {step} of {last}: {fault}; {back}, and the training {found[1]}. {remedy}"

    # Checkpoints ----------------------------------------------------------------------------------------------------

    def tensors(self) -> dict[str, Tensor]:
        """What is held, for a checkpoint."""
        return self._sound

    def facts(self) -> dict[str, Json]:
        """The rest of it, in plain values; empty without a guard."""
        if self._guard is None:
            return {}
        counts: dict[str, Json] = {"repairs": self._repairs, "waited": self._waited}
        return {"step": self._step, "best": self._best, "seen": self._seen, **counts}

    def restore(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        """Continue from a checkpoint's."""
        if not facts:
            return
        for _ in range(facts["repairs"]):
            assert self._guard is not None
            found = self._guard.repaired()
            assert found is not None
            self._use(*found)
        self._sound, self._waited = tensors, facts["waited"]
        self._step, self._best, self._seen = facts["step"], facts["best"], facts["seen"]

    def _use(self, objective: Objective, difference: str) -> None:
        del difference
        self.objective, self._guard = objective, objective.guard()
        self._repairs += 1
        self._waited = 0


def _held(task: Task, count: int, seed: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Up to ``count`` validation images, picked at random; training images where there is no validation split."""
    splits = task.splits()
    images: Images = splits.val if len(splits.val) else splits.train
    picked = torch.randperm(len(images), generator=generator(seed, "held"))[:count]
    return next(batches(images, count, device=device, order=picked))
