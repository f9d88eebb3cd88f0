"""The contract of a metric: a task's headline over a set of examples, batch by batch and in parts."""

from abc import ABC, abstractmethod
from typing import ClassVar, Self

from torch import Tensor


class Metric(ABC):
    """Takes in outputs and targets; says one number, higher is better. A fresh one has seen nothing."""

    NAME: ClassVar[str]  # what the number is called
    EACH: ClassVar[bool] = False  # whether it is a mean of one score a sample, so that two models can be paired by them

    @abstractmethod
    def update(self, outputs: Tensor, targets: Tensor) -> None:
        """Take in a batch: outputs in float32, N first in both."""

    @abstractmethod
    def compute(self) -> float:
        """The number for all that was taken in; NaN where outputs held NaN, or nothing was taken in."""

    @abstractmethod
    def merge(self, other: Self) -> None:
        """Take in what another one has: the same as having seen its batches."""
