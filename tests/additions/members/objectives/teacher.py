"""Mean teacher: natural training, held near the answers of an average of the network's own weights.

What: the natural loss plus ``weight`` times the mean squared distance between the probabilities that the network gives
  and those of its teacher, whose weights and statistics move a little towards the network's after every step. The
  teacher is carried from step to step and goes into checkpoints; it gets no gradient and is not what is kept.
When: few labels, or labels that are partly wrong: what is learned from one batch does not overrule all batches before.
Cost: a natural step and one forward; a second copy of the weights.
Options: ``weight`` of the distance, ``decay`` of the average.
Reference: Tarvainen & Valpola, "Mean teachers are better role models", NeurIPS 2017, arXiv 1703.01780.
"""

import copy
from collections.abc import Mapping
from typing import ClassVar, Final, final

import torch
from torch import Tensor, nn

from tombola.attacks._base import Criterion
from tombola.batch import Batch
from tombola.objectives._base import Found, Objective, Progress, Running, Standing
from tombola.registry import Examples
from tombola.spec import option
from tombola.tasks._base import Task


@final
class Teacher(Objective):
    """The natural loss, and agreement with the teacher."""

    EXAMPLES: ClassVar[Examples] = ({}, {"weight": 1.0, "decay": 0.5})

    weight: float = option(10.0, "what the distance to the teacher's probabilities counts", ge=0)
    decay: float = option(0.99, "how much of the teacher stays at each step", ge=0, lt=1)

    def loss(
        self, model: nn.Module, batch: Batch, criterion: Criterion, *, at: Progress, generator: torch.Generator
    ) -> Found:
        """Of the batch alone: the teacher is carried by the training's `Running`."""
        outputs = model(batch.x, **batch.more)
        return Found(criterion(outputs, batch.targets).mean(), outputs)

    def begin(self, network: nn.Module, task: Task, *, seed: int) -> Running:
        return Taught(self, network)

    def passes(self, classes: int, *, body: bool = True) -> float:
        return 4 if body else 2


@final
class Taught(Running):
    """A training beside its teacher, a copy of the network in evaluation mode."""

    def __init__(self, objective: Teacher, network: nn.Module) -> None:
        super().__init__(objective)
        self._options: Final = objective
        self._teacher: Final = copy.deepcopy(network).eval().requires_grad_(requires_grad=False)

    def loss(
        self, model: nn.Module, batch: Batch, criterion: Criterion, *, at: Progress, generator: torch.Generator
    ) -> Found:
        found = super().loss(model, batch, criterion, at=at, generator=generator)
        with torch.no_grad():
            taught = self._teacher(batch.x, **batch.more)
        apart = (found.outputs.float().softmax(1) - taught.float().softmax(1)).square().mean()
        return Found(found.loss + self._options.weight * apart, found.outputs)

    @torch.no_grad()
    def after_step(self, training: Standing) -> None:
        """The teacher goes a little of the way to the network; what is no number with a point is copied."""
        now = training.network.state_dict()
        for name, tensor in self.tensors().items():
            if tensor.is_floating_point():
                tensor.lerp_(now[name], 1 - self._options.decay)
            else:
                tensor.copy_(now[name])

    def tensors(self) -> dict[str, Tensor]:
        return dict(self._teacher.state_dict())

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        self._teacher.load_state_dict(dict(tensors))
