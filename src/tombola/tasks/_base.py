"""The contract of a task: data, the head it needs, its loss and its headline score."""

from abc import abstractmethod
from typing import ClassVar, Literal, Self

import torch
from torch import Tensor

from tombola.data._base import Splits
from tombola.models.adapted import Adapted, Preprocessing
from tombola.models.network import Network, num_outputs
from tombola.registry import Family, Member


class Task(Member):
    """What a model is trained for and judged by."""

    family: ClassVar[Family] = Family("tasks", "tombola.tasks", fallback="classification")
    ANSWERS: ClassVar[Literal["an image", "a pixel"]] = "an image"  # what has one target: (N,), or (N, H, W)

    @abstractmethod
    def splits(self) -> Splits:
        """Train, validation and test; cached in memory while the process lives."""

    def check(self) -> None:
        """Raise the `DataError` of data that cannot be had; overridden where that is cheaper than loading."""
        self.splits()

    @abstractmethod
    def head(self, model: Network, *, generator: torch.Generator) -> Network:
        """A copy of the model with a fresh head for this task; body and normaliser are kept as they are."""

    def fits(self, model: Network) -> bool:
        """Whether the head that the model has can answer this task."""
        return num_outputs(model.head) == len(self.splits().classes)

    def adapted(self) -> Adapted:
        """What a network says of itself once its head answers this task."""
        splits = self.splits()
        return Adapted.of(self.identity(), size=splits.test.size, classes=splits.classes)

    def tested(self) -> str:
        """Which images its test split is, in words."""
        return f"the test split of {self.name}"

    def made_ready(self, how: Preprocessing) -> Self:
        """The task with its images made ready like this where its options leave that open; itself where none do."""
        del how
        return self

    @abstractmethod
    def augment(self, x: Tensor, *, generator: torch.Generator) -> Tensor:
        """Training images in [0, 1], changed at random in one batch on their device."""

    def augment_pair(self, x: Tensor, targets: Tensor, *, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Training images and their targets changed together; overridden where a target lies in the image."""
        return self.augment(x, generator=generator), targets

    @abstractmethod
    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """One loss a sample, (N,)."""

    @abstractmethod
    def scores(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """One score a sample (N,), higher is better; its mean is the headline (accuracy: 1.0 or 0.0).

        NaN for a sample whose outputs hold NaN: that is no answer, neither right nor wrong.
        """
