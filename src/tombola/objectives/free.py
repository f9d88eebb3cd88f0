"""Free adversarial training: each batch several times in a row, one backward for the weights and for the images.

What: A step trains on clamp(x + d, 0, 1); its backward also gives d's gradient, and d goes eps up the sign of it and is
    cut to [-eps, eps]. The batch stays, augmentation included, for ``replays`` steps; d starts at 0 and is carried on,
    also into the next batch.
When: Robust pretraining at a natural training's cost; somewhat stronger than ``fast`` at small budgets, and it rarely
    collapses.
Cost: A natural step each, the first layer's gradient more. ``epochs`` counts steps, so it is the cost: 80 epochs with 8
    replays see every image in 10 passes, 8 times each.
Options: eps, replays (8 for CIFAR, 4 for ImageNet), step (empty: eps).
Reference: Shafahi et al., Adversarial Training for Free!, NeurIPS 2019, arXiv 1904.12843.
"""

from typing import Self

import torch
from pydantic import model_validator
from torch import Tensor, nn

from tombola.attacks._base import Criterion
from tombola.attacks.pgd import check_pixels
from tombola.objectives._base import Objective, Replay
from tombola.spec import option
from tombola.units import Pixels


class Free(Objective):
    """The mean loss on images that move on with every step."""

    eps: Pixels = option(8 / 255, "the ball's radius (linf); images live in [0, 1], so write '8/255'", ge=0)
    replays: int = option(8, "steps in a row on the same batch", ge=1)
    step: Pixels | None = option(None, "how far the images move a step; empty: eps", gt=0)

    @model_validator(mode="after")
    def _in_unit_range(self) -> Self:
        check_pixels(self.eps, "linf", self.step)
        return self

    def loss(
        self, model: nn.Module, x: Tensor, targets: Tensor, criterion: Criterion, *, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """``x`` is what the training moved, as `replay` says."""
        outputs = model(x)
        return criterion(outputs, targets).mean(), outputs

    def passes(self, classes: int, *, body: bool = True) -> float:
        return 3 if body else 2  # the images' gradient is asked for even where the body is frozen

    def replay(self) -> Replay:
        return Replay(self.replays, self.eps, self.eps if self.step is None else self.step)
