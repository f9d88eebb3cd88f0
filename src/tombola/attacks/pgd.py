"""Projected gradient descent: the standard adversarial attack.

What: From a random point of the ball, steps of fixed length up the loss's gradient, each followed by a projection
    into the ball and into the image bounds. Gives the last iterate, or with ``keep_best`` the one of highest loss.
When: Adversarial training (10 steps), and a first robustness number (20 steps). For a number to publish, use a
    stronger ensemble beside it.
Cost: One forward and one backward a step and restart (no weight gradients); one more forward for ``keep_best`` or
    several restarts.
Options: norm, eps, steps, step, random_start, keep_best, restarts, bn.
Reference: Madry et al., Towards Deep Learning Models Resistant to Adversarial Attacks, ICLR 2018, arXiv 1706.06083.
"""

from contextlib import nullcontext
from typing import ClassVar, Self

import torch
from pydantic import model_validator
from torch import Tensor, nn

from tombola.attacks._base import Attack, Criterion
from tombola.attacks._crafting import BatchNormMode, crafting
from tombola.attacks._folding import folded
from tombola.attacks._norms import (
    Bounds,
    Norm,
    box,
    direction,
    displace,
    project_l2,
    radius,
    random_delta,
    require_inside,
)
from tombola.registry import Examples
from tombola.rows import Scalar
from tombola.spec import option
from tombola.units import Pixels


def pgd(
    model: nn.Module,
    x: Tensor,
    targets: Tensor,
    criterion: Criterion,
    *,
    eps: float | Tensor,
    steps: int,
    generator: torch.Generator,
    step: float | Tensor | None = None,
    norm: Norm = "linf",
    bounds: Bounds = (0.0, 1.0),
    random_start: bool = True,
    keep_best: bool = False,
    restarts: int = 1,
    bn: BatchNormMode = "eval",
) -> Tensor:
    """Images that raise the criterion, within ``eps`` of ``x`` and within ``bounds``; nothing given is changed.

    ``eps`` and ``step`` are floats or one value a sample, (N,); ``step=None`` means 2.5 * eps / steps. With several
    restarts each sample keeps the one of highest loss, the earlier among equals.
    """
    x = x.detach()
    reach = radius(eps, x)
    if len(x) == 0 or not bool(reach.any()):
        return x.clone()
    stride = 2.5 / steps * reach if step is None else radius(step, x)
    low, high = box(x, reach, bounds)

    def evaluate(images: Tensor) -> Tensor:
        with torch.no_grad():
            return criterion(model(images), targets)

    def ascend(start: Tensor) -> tuple[Tensor, Tensor | None]:
        """The result of one start, and its loss where it was computed."""
        current, best, best_loss = start, start, None
        for _ in range(steps):
            losses, gradient = _gradient(model, current, targets, criterion)
            if keep_best:
                best, best_loss = _better(best, best_loss, current, losses)
            current = _step(x, current, gradient, stride, reach, norm).clamp_(low, high)
        return _better(best, best_loss, current, evaluate(current)) if keep_best else (current, None)

    def start() -> Tensor:
        if not random_start:
            return x.clamp(low, high)
        return displace(x, random_delta(x, reach, norm, generator)).clamp_(low, high)

    # one step does not pay for folding
    with crafting(model, bn), folded(model) if bn == "eval" and steps * restarts > 1 else nullcontext():
        found, loss = ascend(start())
        for _ in range(restarts - 1):
            loss = evaluate(found) if loss is None else loss
            other, other_loss = ascend(start())
            found, loss = _better(found, loss, other, evaluate(other) if other_loss is None else other_loss)
    return found


def _gradient(model: nn.Module, images: Tensor, targets: Tensor, criterion: Criterion) -> tuple[Tensor, Tensor]:
    """Each sample's loss, and the gradient of their sum with respect to the images."""
    leaf = images.detach().requires_grad_()
    losses = criterion(model(leaf), targets)
    (gradient,) = torch.autograd.grad(losses.sum(), leaf)
    return losses.detach(), gradient


def _step(x: Tensor, current: Tensor, gradient: Tensor, stride: Tensor, reach: Tensor, norm: Norm) -> Tensor:
    """One step uphill from ``current``, back inside the L2 ball where that is the norm; the box is the caller's."""
    moved = torch.addcmul(current, direction(gradient, norm), stride)
    return project_l2(x, moved, reach) if norm == "l2" else moved


def _better(old: Tensor, old_loss: Tensor | None, new: Tensor, new_loss: Tensor) -> tuple[Tensor, Tensor]:
    """Sample by sample whichever has the higher loss, the old one among equals."""
    if old_loss is None:
        return new, new_loss
    wins = new_loss > old_loss
    picked = torch.where(wins.view(-1, *[1] * (new.dim() - 1)), new, old)
    return picked, torch.where(wins, new_loss, old_loss)


class PGD(Attack):
    """Projected gradient descent in an linf or l2 ball; the defaults are PGD-10 at 8/255 with steps of 2/255."""

    EXAMPLES: ClassVar[Examples] = (
        {"steps": 3},
        {"steps": 3, "keep_best": True},
        {"steps": 2, "restarts": 3},
        {"eps": 0.0},
    )

    norm: Norm = option("linf", "the ball's norm: 'linf' or 'l2'")
    eps: Pixels = option(8 / 255, "the ball's radius; images live in [0, 1], so write '8/255'", ge=0)
    steps: int = option(10, "gradient steps", ge=1)
    step: Pixels | None = option(None, "length of a step; empty: 2.5 * eps / steps", gt=0)
    random_start: bool = option(default=True, help="start at a random point of the ball, not at the image")
    keep_best: bool = option(
        default=False, help="give the iterate of highest loss, the start included, not the last one"
    )
    restarts: int = option(1, "how many starts; each sample keeps its worst", ge=1)
    bn: BatchNormMode = option("eval", "layers while crafting: 'eval', or 'train' for the mode the model is in")

    @model_validator(mode="after")
    def _in_unit_range(self) -> Self:
        check_pixels(self.eps, self.norm, self.step)
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
            steps=self.steps,
            step=self.step,
            norm=self.norm,
            bounds=bounds,
            random_start=self.random_start,
            keep_best=self.keep_best,
            restarts=self.restarts,
            bn=self.bn,
            generator=generator,
        )

    def passes(self, classes: int) -> float:
        if self.eps == 0:
            return 0
        judged = self.keep_best or self.restarts > 1  # each start's result is looked at once more
        return self.restarts * (2 * self.steps + judged)

    def budget(self) -> dict[str, Scalar]:
        step = 2.5 * self.eps / self.steps if self.step is None else self.step
        return {**super().budget(), "step": step}


def check_pixels(eps: float, norm: Norm, step: float | None = None) -> None:
    """Raises ValueError for an linf radius, or a step across it, that can only have been meant in 0..255."""
    if norm == "linf" and eps > 1:
        raise ValueError(
            f"eps={eps:g} covers every image: images live in [0, 1]; for {eps:g} of 255 write '{eps:g}/255'"
        )
    if norm == "linf" and step is not None and step > max(1.0, 2.5 * eps):
        raise ValueError(
            f"a step of {step:g} leaves every ball of eps={eps:g}: images live in [0, 1]; for {step:g} of 255 write"
            f" '{step:g}/255'"
        )
