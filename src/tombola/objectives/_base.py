"""The contract of an objective: the loss one batch is trained with."""

from abc import abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, nn

from tombola.attacks._base import Criterion
from tombola.registry import Family, Member


class Objective(Member):
    """Natural, adversarial, ...: pretraining regime, IMP against A-IMP and adversarial finetuning are this one axis."""

    family: ClassVar[Family] = Family("objectives", "tombola.objectives")

    @abstractmethod
    def loss(
        self, model: nn.Module, x: Tensor, targets: Tensor, criterion: Criterion, *, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """The mean loss to differentiate, and the outputs it was computed from (for the running score)."""
