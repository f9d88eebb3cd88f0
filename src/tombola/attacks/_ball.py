"""What AutoAttack's parts share: a ball around each image, and a search in it that has a loss of its own."""

from abc import abstractmethod
from typing import Self, final

import torch
from pydantic import model_validator
from torch import Tensor, nn

from tombola.attacks._base import Attack, Criterion
from tombola.attacks._norms import Bounds, Norm, require_inside
from tombola.attacks.pgd import check_pixels
from tombola.spec import option
from tombola.units import Pixels


class InBall(Attack):
    """An attack in an linf or l2 ball, whose radius is all it needs to know of the images' range."""

    norm: Norm = option("linf", "the ball's norm: 'linf' or 'l2'")
    eps: Pixels = option(8 / 255, "the ball's radius; images live in [0, 1], so write '8/255'", ge=0)

    @model_validator(mode="after")
    def _in_unit_range(self) -> Self:
        check_pixels(self.eps, self.norm)
        return self


class BallAttack(InBall):
    """One that searches by its own loss, whatever the task's is."""

    @final
    def perturb(
        self,
        model: nn.Module,
        x: Tensor,
        targets: Tensor,
        criterion: Criterion,
        *,
        bounds: Bounds,
        generator: torch.Generator,
    ) -> Tensor:
        require_inside(x, bounds)
        return self.search(model, x, targets, bounds=bounds, generator=generator)

    @abstractmethod
    def search(
        self, model: nn.Module, x: Tensor, targets: Tensor, *, bounds: Bounds, generator: torch.Generator
    ) -> Tensor:
        """What the attack's function gives, with the options of this one."""
