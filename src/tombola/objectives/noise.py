"""Training on Gaussian noise: the mean loss on images that noise was added to, for randomized smoothing.

What: x + sigma * N(0, I), fresh at every step, in the [0, 1] of the images, before the network's normaliser. What falls
    outside [0, 1] is left there, as when a smoothed classifier is certified. Batch norm sees the noisy images only.
When: A prior to be certified by randomized smoothing at the same sigma; a robust prior without an attack's cost.
Cost: A natural step.
Options: sigma: 0.12, 0.25, 0.5 and 1.0 are those of the literature.
Reference: Cohen et al., Certified Adversarial Robustness via Randomized Smoothing, ICML 2019, arXiv 1902.02918.
"""

from typing import Self

import torch
from pydantic import model_validator
from torch import nn

from tombola.attacks._base import Criterion
from tombola.batch import Batch
from tombola.models.beside import continuous
from tombola.objectives._base import Found, Objective, Progress
from tombola.objectives._gauss import gaussian
from tombola.spec import option
from tombola.units import Pixels

_LARGEST = 4.0


class Noise(Objective):
    """The mean loss on the images plus Gaussian noise."""

    sigma: Pixels = option(0.25, "the noise's standard deviation; images live in [0, 1]", ge=0)

    @model_validator(mode="after")
    def _in_unit_range(self) -> Self:
        if self.sigma > _LARGEST:
            raise ValueError(
                f"sigma={self.sigma:g} drowns every image: images live in [0, 1]; for {self.sigma:g} of 255 write"
                f" '{self.sigma:g}/255'"
            )
        return self

    def loss(
        self, model: nn.Module, batch: Batch, criterion: Criterion, *, at: Progress, generator: torch.Generator
    ) -> Found:
        net, x = continuous(model, batch)
        outputs = net(torch.add(x, gaussian(x, generator), alpha=self.sigma))
        return Found(criterion(outputs, batch.targets).mean(), outputs)

    def passes(self, classes: int, *, body: bool = True) -> float:
        return 3 if body else 1
