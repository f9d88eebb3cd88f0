"""TRADES: the mean loss on the images, plus beta times how far the outputs move on images made to move them.

What: mean criterion(f(x), y) + beta * mean KL(p(x) || p(x')), p the softmax over the classes. x' maximises that KL
    within an linf ball: from x + 0.001 * N(0, I), signed steps, every layer in eval mode while crafting. The loss is
    computed in the mode the model is in, with gradients through both outputs. The running score is that on x.
When: A robust prior whose clean accuracy is traded against its robustness by one number, beta (1 to 10).
Cost: Crafting is one forward and one backward a step and one forward more, then two forwards and a backward: about
    nine natural steps with the defaults.
Options: beta, eps, steps, step. The defaults are 6, 8/255, 10 and 2/255; the published script writes 0.031 and 0.007.
Reference: Zhang et al., Theoretically Principled Trade-off between Robustness and Accuracy, ICML 2019,
    arXiv 1901.08573.
"""

from contextlib import nullcontext
from typing import ClassVar, Final, Self

import torch
from pydantic import model_validator
from torch import Tensor, nn
from torch.nn import functional as F

from tombola.attacks._base import Criterion
from tombola.attacks._crafting import crafting
from tombola.attacks._folding import folded
from tombola.attacks._norms import box, radius
from tombola.attacks.pgd import check_pixels
from tombola.batch import Batch
from tombola.models.beside import bounds_of, continuous
from tombola.objectives._base import Found, Objective, Progress
from tombola.objectives._gauss import gaussian
from tombola.objectives._views import refuse_views
from tombola.registry import Examples
from tombola.spec import option
from tombola.tasks._base import Task
from tombola.units import Pixels

_START: Final = 0.001  # at x itself the divergence has no gradient


class Trades(Objective):
    """The mean loss on the images, and how far the outputs can be moved from those."""

    EXAMPLES: ClassVar[Examples] = ({"steps": 3},)

    beta: float = option(6.0, "the weight of the divergence between clean and moved outputs", ge=0)
    eps: Pixels = option(8 / 255, "the ball's radius (linf); images live in [0, 1], so write '8/255'", ge=0)
    steps: int = option(10, "gradient steps while crafting", ge=1)
    step: Pixels = option(2 / 255, "length of a step", gt=0)

    @model_validator(mode="after")
    def _in_unit_range(self) -> Self:
        check_pixels(self.eps, "linf", self.step)
        return self

    def check(self, task: Task) -> None:
        refuse_views("trades", "moves classes' probabilities", task)

    def loss(
        self, model: nn.Module, batch: Batch, criterion: Criterion, *, at: Progress, generator: torch.Generator
    ) -> Found:
        net, x = continuous(model, batch)
        reach, bounds = (self.eps, self.steps, self.step), bounds_of(model)
        moved = diverging(net, x, *reach, bounds=bounds, generator=generator)
        outputs = net(x)
        gap = divergence(net(moved), _log_softmax(outputs)).mean()
        return Found(criterion(outputs, batch.targets).mean() + self.beta * gap, outputs)

    def passes(self, classes: int, *, body: bool = True) -> float:
        return 1 + 2 * self.steps + 2 * (3 if body else 1)


def divergence(outputs: Tensor, log_clean: Tensor) -> Tensor:
    """KL(clean || outputs) at every place, summed over the classes (the second dimension)."""
    return F.kl_div(_log_softmax(outputs), log_clean, reduction="none", log_target=True).sum(1)


def diverging(
    model: nn.Module,
    x: Tensor,
    eps: float,
    steps: int,
    step: float,
    *,
    generator: torch.Generator,
    bounds: tuple[float, float] = (0.0, 1.0),
) -> Tensor:
    """What lies within ``eps`` of ``x`` and inside ``bounds``, and whose outputs are far from those of ``x``."""
    reach, stride = radius(eps, x), radius(step, x)
    low, high = box(x, reach, bounds)
    current = torch.add(x, gaussian(x, generator), alpha=_START)
    with crafting(model, "eval"), folded(model) if steps > 1 else nullcontext():
        with torch.no_grad():
            clean = _log_softmax(model(x))
        for _ in range(steps):
            leaf = current.detach().requires_grad_()
            (gradient,) = torch.autograd.grad(divergence(model(leaf), clean).sum(), leaf)
            current = torch.addcmul(current, gradient.sign(), stride).clamp_(low, high)
    return current


def _log_softmax(outputs: Tensor) -> Tensor:
    return outputs.float().log_softmax(1)
