"""The contract of an attack: images in, images out, everything it depends on given explicitly."""

from abc import abstractmethod
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias

import torch
from torch import Tensor, nn

from tombola.registry import Family, Member
from tombola.rows import Scalar

Criterion: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""(outputs, targets) -> one loss a sample, shape (N,)."""


@dataclass(frozen=True)
class Tally:
    """What came of an attack, in numbers of images; those of several batches add up.

    ``broken`` says by which part of the attack images fell that were told right, ``odd`` what makes it doubtful.
    """

    broken: Counter[str] = field(default_factory=Counter)
    odd: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: "Tally") -> "Tally":
        total = Tally(self.broken.copy(), self.odd.copy())
        total.broken.update(other.broken)  # a part that broke none stays in, with its nought
        total.odd.update(other.odd)
        return total


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

    def passes(self, classes: int) -> float | None:
        """What an image costs that stands to the end, in forward passes of the network; None where it is not said.

        A backward costs as much as a forward, since only the images' gradients are asked for. For an image that falls
        before the end it is too much.
        """
        return None

    def tallied(
        self,
        model: nn.Module,
        x: Tensor,
        targets: Tensor,
        criterion: Criterion,
        *,
        bounds: tuple[float, float],
        generator: torch.Generator,
    ) -> tuple[Tensor, Tally]:
        """What `perturb` gives, and what there is to tell of it: nothing, unless an attack has parts."""
        return self.perturb(model, x, targets, criterion, bounds=bounds, generator=generator), Tally()

    def remarks(self, tally: Tally, samples: int) -> dict[str, Scalar]:
        """What the tally of ``samples`` images adds to the budget in a result row; warns where it is doubtful."""
        return {}

    def budget(self) -> dict[str, Scalar]:
        """The attack's name and every option that decides what it finds, as plain values for a result row."""
        options = {name: value for name, value in self.identity().items() if name not in ("name", "version")}
        plain = {name: value if isinstance(value, Scalar) else str(value) for name, value in options.items()}
        return {"attack": self.name, **plain}
