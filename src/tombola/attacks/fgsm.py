"""Fast gradient sign method: one step of the whole radius.

What: One step up the sign of the loss's gradient. With ``random_start`` it is FGSM-RS: from a uniform point of the
    ball, a step of 1.25 eps, back into the ball.
When: Fast adversarial training (with the random start), a quick look at robustness. Too weak for a number to publish.
Cost: One forward and one backward (no weight gradients).
Options: eps, step, random_start, bn.
Reference: Goodfellow et al., ICLR 2015, arXiv 1412.6572; FGSM-RS: Wong et al., ICLR 2020, arXiv 2001.03994.
"""

from typing import ClassVar, Self

import torch
from pydantic import model_validator
from torch import Tensor, nn

from tombola.attacks._base import Attack, Criterion
from tombola.attacks._crafting import BatchNormMode
from tombola.attacks._norms import Bounds, require_inside
from tombola.attacks.pgd import check_pixels, pgd
from tombola.registry import Examples
from tombola.rows import Scalar
from tombola.spec import option
from tombola.units import Pixels


class FGSM(Attack):
    """One signed step in an linf ball."""

    EXAMPLES: ClassVar[Examples] = ({}, {"random_start": True}, {"eps": 0.0})

    eps: Pixels = option(8 / 255, "the ball's radius; images live in [0, 1], so write '8/255'", ge=0)
    step: Pixels | None = option(None, "length of the step; empty: eps, or 1.25 eps after a random start", gt=0)
    random_start: bool = option(default=False, help="start at a random point of the ball, not at the image")
    bn: BatchNormMode = option("eval", "layers while crafting: 'eval', or 'train' for the mode the model is in")

    @model_validator(mode="after")
    def _in_unit_range(self) -> Self:
        check_pixels(self.eps, "linf", self.step)
        return self

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
        return pgd(
            model,
            x,
            targets,
            criterion,
            eps=self.eps,
            steps=1,
            step=self._length(),
            bounds=bounds,
            random_start=self.random_start,
            bn=self.bn,
            generator=generator,
        )

    def passes(self, classes: int) -> float:
        return 2 if self.eps else 0

    def budget(self) -> dict[str, Scalar]:
        return {**super().budget(), "step": self._length()}

    def _length(self) -> float:
        usual = 1.25 * self.eps if self.random_start else self.eps
        return usual if self.step is None else self.step
