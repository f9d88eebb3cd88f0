"""The contract of an objective: the loss one batch is trained with, and two things that it may ask of the training.

Most objectives are their `loss`. One that a training can break under gives a `Guard`, which is asked now and then
whether the training is sound and how to go on when it is not. One that trains several times in a row on the same
images, moving them between, gives a `Replay`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from tombola.attacks._base import Criterion
from tombola.registry import Family, Member
from tombola.units import Steps


class Objective(Member):
    """Natural, adversarial, ...: pretraining regime, IMP against A-IMP and adversarial finetuning are this one axis."""

    family: ClassVar[Family] = Family("objectives", "tombola.objectives")

    @abstractmethod
    def loss(
        self, model: nn.Module, x: Tensor, targets: Tensor, criterion: Criterion, *, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """The mean loss to differentiate, and the outputs it was computed from (for the running score)."""

    def passes(self, classes: int, *, body: bool = True) -> float | None:
        """What a step costs an image, in forward passes of the network; None where a member does not say.

        A backward costs as much as a forward for the gradients of the images and as much again for those of the
        weights, so a natural step costs 3. With ``body=False`` only the head is trained. What a guard looks at now and
        then is not counted.
        """
        return None

    def guard(self) -> "Guard | None":
        """What looks for the way a training under this objective breaks; None when there is none to look for."""
        return None

    def replay(self) -> "Replay | None":
        """How one batch is trained on several times in a row; None: every step has a batch of its own."""
        return None


@dataclass(frozen=True)
class Finding:
    """What a guard saw: a sound training, whose state is worth holding, a fault, or neither of them for certain."""

    sound: bool = False
    fault: str = ""
    """What is broken, as half a sentence with its numbers."""


class Guard(ABC):
    """Looks now and then at a training on images held beside it; `loss` is not asked for."""

    every: Steps
    """How often to look; a training also looks at its end."""
    remedy: str
    """What to write for a training that does not break this way, as half a sentence."""

    @abstractmethod
    def look(
        self,
        model: nn.Module,
        x: Tensor,
        targets: Tensor,
        criterion: Criterion,
        scores: Callable[[Tensor, Tensor], Tensor],
        *,
        generator: torch.Generator,
    ) -> Finding:
        """How the training stands. The model is not changed.

        ``scores`` gives one score a sample, higher is better: the task's.
        """

    @abstractmethod
    def repaired(self) -> tuple[Objective, str] | None:
        """The objective to go on with after a fault and what is different about it; None: end the training."""


@dataclass(frozen=True)
class Replay:
    """Each batch is trained on ``times`` times in a row, moved by what is carried from step to step.

    After each backward every carried pixel goes ``step`` up the sign of its gradient and stays within ``eps`` of 0.
    """

    times: int
    eps: float
    step: float

    def moved(self, x: Tensor, carried: Tensor) -> tuple[Tensor, Tensor]:
        """The images to train on, inside [0, 1], and the leaf that a backward through them leaves a gradient in."""
        leaf = carried[: len(x)].detach().requires_grad_()
        return (x + leaf).clamp(0, 1), leaf

    @torch.no_grad()
    def advance(self, carried: Tensor, leaf: Tensor) -> None:
        """Move what is carried, in place, by the gradient the backward left; a smaller batch moves its own part."""
        assert leaf.grad is not None
        carried[: len(leaf)].add_(leaf.grad.sign(), alpha=self.step).clamp_(-self.eps, self.eps)
