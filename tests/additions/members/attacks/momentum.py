"""MI-FGSM: signed steps along a gradient that remembers the ones before it.

What: from the image itself, ``steps`` steps of eps / steps along the sign of a sum of gradients, each divided by its
  mean magnitude and the sum shrunk by ``decay`` before the next one is added. No step leaves the ball or the bounds.
When: images that are to fool other networks as well: what is remembered is less this network's own than its gradient.
Cost: one forward and one backward a step (no weight gradients).
Options: ``eps``, ``steps``, ``decay``.
Reference: Dong et al., "Boosting Adversarial Attacks with Momentum", CVPR 2018, arXiv 1710.06081.
"""

from typing import ClassVar, Self, final

import torch
from pydantic import model_validator
from torch import Tensor, nn

from tombola.attacks._base import Attack, Criterion
from tombola.attacks._crafting import crafting
from tombola.attacks._norms import Bounds, box, radius, require_inside
from tombola.attacks.pgd import check_pixels
from tombola.registry import Examples
from tombola.spec import option
from tombola.units import Pixels


def momentum(
    model: nn.Module,
    x: Tensor,
    targets: Tensor,
    criterion: Criterion,
    *,
    eps: float,
    steps: int,
    decay: float,
    bounds: Bounds = (0.0, 1.0),
) -> Tensor:
    """Images that raise the criterion, within ``eps`` of ``x`` and within ``bounds``; nothing given is changed."""
    x = x.detach()
    reach = radius(eps, x)
    low, high = box(x, reach, bounds)
    current, remembered = x.clone(), torch.zeros_like(x)
    with crafting(model, "eval"):
        for _ in range(steps if eps else 0):
            leaf = current.detach().requires_grad_()
            (slope,) = torch.autograd.grad(criterion(model(leaf), targets).sum(), leaf)
            remembered = decay * remembered + _even(slope)
            current = torch.addcmul(current, remembered.sign(), reach / steps).clamp_(low, high)
    return current


def _even(slope: Tensor) -> Tensor:
    """Each sample's gradient over its mean magnitude; one of zeros stays zeros."""
    size = slope.abs().mean(dim=tuple(range(1, slope.dim())), keepdim=True)
    return slope / size.clamp_min(torch.finfo(slope.dtype).tiny)


@final
class Momentum(Attack):
    """Iterated signed steps with momentum in an linf ball."""

    EXAMPLES: ClassVar[Examples] = ({"steps": 3}, {"steps": 2, "decay": 0.0}, {"eps": 0.0})

    eps: Pixels = option(8 / 255, "the ball's radius; images live in [0, 1], so write '8/255'", ge=0)
    steps: int = option(10, "gradient steps, each of eps / steps", ge=1)
    decay: float = option(1.0, "how much of the gradients before is kept at each step", ge=0)

    @model_validator(mode="after")
    def _in_unit_range(self) -> Self:
        check_pixels(self.eps, "linf")
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
        options = {"eps": self.eps, "decay": self.decay}
        return momentum(model, x, targets, criterion, steps=self.steps, bounds=bounds, **options)

    def passes(self, classes: int) -> float:
        return 2 * self.steps if self.eps else 0
