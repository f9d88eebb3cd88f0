"""The contract of an attack: images in, images out, everything it depends on given explicitly."""

from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar, TypeAlias

import torch
from torch import Tensor, nn

from tombola.registry import Family, Member
from tombola.rows import Scalar

Criterion: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""(outputs, targets) -> one loss a sample, shape (N,)."""


class Attack(Member):
    """Searches images near ``x`` that raise the criterion. Weights, gradients and modes come back as given."""

    family: ClassVar[Family] = Family("attacks", "tombola.attacks")

    @abstractmethod
    def perturb(
        self,
        model: nn.Module,
        x: Tensor,
        targets: Tensor,
        criterion: Criterion,
        *,
        bounds: tuple[float, float],
        generator: torch.Generator,
    ) -> Tensor:
        """Images of x's shape and dtype inside the attack's ball around ``x`` and inside ``bounds``."""

    def budget(self) -> dict[str, Scalar]:
        """The attack's name and every option that decides what it finds, as plain values for a result row."""
        options = {name: value for name, value in self.identity().items() if name not in ("name", "version")}
        plain = {name: value if isinstance(value, Scalar) else str(value) for name, value in options.items()}
        return {"attack": self.name, **plain}
