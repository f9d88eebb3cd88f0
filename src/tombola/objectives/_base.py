"""The contract of an objective: the loss one batch is trained with, and what it carries through a training.

Most objectives are their `loss` and carry nothing. One that keeps something from step to step, trains parameters of its
own, trains several steps on one batch, or looks after the training gives a `Running` of its own in `begin`.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Protocol, TypeVar

import torch
from torch import Tensor, nn

from tombola.attacks._base import Criterion
from tombola.batch import Batch
from tombola.masks.masks import Masks
from tombola.models.network import Network
from tombola.registry import Family, Member
from tombola.tasks._base import Task

T = TypeVar("T")


class Found(NamedTuple):
    """The mean loss to differentiate, and the outputs it was computed from (for the running score)."""

    loss: Tensor
    outputs: Tensor


@dataclass(frozen=True)
class Progress:
    """Where a training stands: ``step`` of ``steps`` (from 0), and which part of a batch is worked, of how many."""

    step: int = 0
    steps: int = 1
    per_epoch: int = 1
    part: int = 0
    parts: int = 1


START = Progress()


class Objective(Member):
    """Natural, adversarial, ...: pretraining regime, IMP against A-IMP and adversarial finetuning are this one axis."""

    family: ClassVar[Family] = Family("objectives", "tombola.objectives")
    OWN_BATCH: ClassVar[bool] = False  # whether it decides what a step trains on, so that it can be no part of others
    NET: ClassVar[str] = ""  # the model that its examples are tried on, where not every net will do

    @abstractmethod
    def loss(
        self, model: nn.Module, batch: Batch, criterion: Criterion, *, at: Progress, generator: torch.Generator
    ) -> Found:
        """The loss of one batch. What moves images or words moves `continuous` of the model and the batch."""

    def check(self, task: Task) -> None:
        """Raise the `RequestError` of a task that this cannot train for; asked before anything trains."""

    def begin(self, network: nn.Module, task: Task, *, seed: int) -> "Running":
        """This objective at work in one training of ``network``, which is on its device and not changed."""
        del network, task, seed
        return Running(self)

    @property
    def spent(self) -> bool:
        """Whether gradients are taken already when the loss is there, so that nothing is added through the outputs."""
        return False

    def untaught(self) -> "Objective | None":
        """What the dense network is trained under that this one learns from; None where it asks for none."""
        return None

    def taught(self, by: Network) -> "Objective":
        """The same objective, learning from this dense network where it asks for one."""
        del by
        return self

    def passes(self, classes: int, *, body: bool = True) -> float | None:
        """What a step costs an image, in forward passes of the network; None where a member does not say.

        A backward costs as much as a forward for the gradients of the images and as much again for those of the
        weights, so a natural step costs 3. With ``body=False`` only the head is trained. What a `Running` looks at now
        and then is not counted.
        """
        return None


class Standing(Protocol):
    """A training between two steps, as what runs in it sees it."""

    @property
    def network(self) -> nn.Module:
        """What is trained, in its mode; look at it, and leave it as it is."""

    @property
    def masks(self) -> Masks | None:
        """In force on its body; None where nothing is pruned, or where layers learn their own."""

    @property
    def at(self) -> Progress:
        """So many steps are done."""

    @property
    def samples(self) -> int:
        """In a batch."""

    def drawn(self, *purpose: str | int) -> torch.Generator:
        """A generator seeded by the training's seed and the purpose, on the CPU; of ``"here"`` on its device."""

    def asked(self, question: Callable[[Callable[[Batch], Batch]], T]) -> T:
        """The answer, asked once where several processes train together, in the training's precision.

        The question is given what brings a batch to the training's device.
        """

    def settle(self) -> None:
        """Losses so far are read and weights looked at; raises `Diverged` where one is not finite."""

    def held(self) -> dict[str, Tensor]:
        """Copies of weights, optimizer, average and best."""

    def go_back(self, held: Mapping[str, Tensor], *, entry: Mapping[str, str]) -> None:
        """Put in what was held; the history gets the entry."""

    def end(self) -> None:
        """No more steps."""

    def note(self, text: str) -> None:
        """Tell the user."""


class Running:
    """An objective at work in one training. This one carries nothing."""

    def __init__(self, objective: Objective) -> None:
        self.objective = objective

    @property
    def parted(self) -> bool:
        """Whether `tensors` are others, of other names, for each part of a batch."""
        return False

    def batch_of(self, step: int) -> int:
        """The number of the batch that ``step`` trains on; its views are drawn by it too."""
        return step

    def loss(
        self, model: nn.Module, batch: Batch, criterion: Criterion, *, at: Progress, generator: torch.Generator
    ) -> Found:
        """The loss of one batch, or of one part of it."""
        return self.objective.loss(model, batch, criterion, at=at, generator=generator)

    def parameters(self) -> list[nn.Parameter]:
        """What is trained beside the network's own, by the same optimizer."""
        return []

    def after_backward(self) -> None:
        """Gradients of all parts of a step are there, before they are clipped and used."""

    def before_first(self, training: Standing) -> None:
        """Called once, before the first step of a training or of what is left of it."""

    def after_step(self, training: Standing) -> None:
        """A step is done, masks are in force, averages taken."""

    def tensors(self) -> dict[str, Tensor]:
        """What is carried, for a checkpoint; `parameters` included."""
        return {}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Continue from a checkpoint's."""
