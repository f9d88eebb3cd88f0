"""The contract of an optimizer: options that build a torch optimizer."""

from abc import abstractmethod
from collections.abc import Iterable
from typing import ClassVar

import torch
from torch import nn

from tombola.registry import Family, Member
from tombola.spec import option


class Optimizer(Member):
    """Options of an optimizer; ``build`` makes a fresh one (momentum zero)."""

    family: ClassVar[Family] = Family("optimizers", "tombola.fitting.optimizers")

    lr: float = option(0.1, "the base learning rate, which the schedule multiplies", gt=0)

    @abstractmethod
    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """A fresh optimizer over ``parameters``."""
