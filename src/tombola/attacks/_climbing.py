"""One run of APGD: momentum, and steps that halve where they stop paying (Croce & Hein 2020, algorithm 1)."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import TypeAlias

import torch
from torch import Tensor, nn

from tombola.attacks._norms import Bounds, Norm, box, direction, displace, project_l2, radius
from tombola.attacks._searching import KEPT, Attempt, Found, logits_of
from tombola.attacks._streams import Streams, normal, uniform

RHO = 0.75  # share of the steps since the last checkpoint that must have raised the loss
MOMENTUM = 0.75  # share of the new step; the rest is the step before it

Loss: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""(logits, the rows of the batch they belong to) -> one loss a sample."""


@dataclass(frozen=True)
class _Walk:
    """The images still under way, a row each; ``losses``, ``gradient`` are those at ``current``."""

    rows: Tensor
    x: Tensor
    low: Tensor
    high: Tensor
    previous: Tensor
    current: Tensor
    losses: Tensor
    gradient: Tensor
    best: Tensor
    best_losses: Tensor
    best_gradient: Tensor
    stride: Tensor
    rises: Tensor
    best_before: Tensor  # at the last checkpoint
    halved: Tensor  # whether it halved the stride
    standing: Tensor

    def take(self, kept: Tensor) -> "_Walk":
        return _Walk(**{field.name: getattr(self, field.name)[kept] for field in fields(self)})


def attempt_of(
    model: nn.Module,
    x: Tensor,
    targets: Tensor,
    own: Streams,
    loss: Callable[[Tensor, Tensor], Tensor],
    *,
    eps: float,
    steps: int,
    norm: Norm,
    bounds: Bounds,
    eot_iter: int,
) -> Attempt:
    """A climb from a new start, for some rows of ``x``; ``loss`` is of logits and of the rows they belong to."""

    def attempt(rows: Tensor) -> Found:
        return climb(
            model,
            x[rows],
            targets[rows],
            on_the_edge(x[rows], [own[row] for row in rows.tolist()], eps, norm, bounds),
            lambda logits, left: loss(logits, rows[left]),
            eps=eps,
            steps=steps,
            norm=norm,
            bounds=bounds,
            eot_iter=eot_iter,
        )

    return attempt


def climb(
    model: nn.Module,
    x: Tensor,
    targets: Tensor,
    start: Tensor,
    loss: Loss,
    *,
    eps: float,
    steps: int,
    norm: Norm,
    bounds: Bounds,
    eot_iter: int = 1,
) -> Found:
    """The first misclassified point on each image's way up from ``start``, else the point of highest loss."""
    found = Found.nothing(start)
    reach, marks, last = radius(eps, x), checkpoints(steps), 0
    walk, wrong = _begin(model, x, targets, start, loss, reach, bounds, eot_iter)
    walk = _leave(walk, found, wrong)
    for done in range(1, steps + 1):
        if not bool(walk.standing.any()):
            return found
        there = _next(walk, reach, norm, MOMENTUM if done > 1 else 1)
        logits, losses, gradient = _look(model, there, loss, walk.rows, eot_iter, slope=done < steps)
        walk = _arrive(walk, there, losses, gradient)
        walk = _leave(walk, found, logits.argmax(1) != targets[walk.rows])
        if done in marks:
            walk, last = _check(walk, done - last), done
    left = walk.take(walk.standing)
    found.put(left.rows, left.best, left.best_losses, fooled=False)
    return found


def checkpoints(steps: int) -> list[int]:
    """After how many steps the progress is judged: at 22 %, then after 19 % more, 16 %, ... down to 6 %.

    >>> checkpoints(100)
    [22, 41, 57, 70, 80, 87, 93, 99]
    """
    percents, gap = [22], 22
    while percents[-1] < 100:
        gap = max(gap - 3, 6)
        percents.append(percents[-1] + gap)
    return sorted({-(-percent * steps // 100) for percent in percents if percent <= 100})


def on_the_edge(x: Tensor, own: Streams, eps: float, norm: Norm, bounds: Bounds) -> Tensor:
    """A random point of each image's ball, as far out as the ball goes."""
    reach, shape = radius(eps, x), x.shape[1:]
    if norm == "linf":
        delta = uniform(own, shape, x).mul_(2).sub_(1)
        length = delta.abs().amax(tuple(range(1, x.dim())), keepdim=True)
        delta = delta / length.clamp_min(torch.finfo(x.dtype).tiny)
        return displace(x, (delta * reach).clamp_(-reach, reach)).clamp_(*bounds)
    delta = direction(normal(own, shape, x), "l2") * reach
    return project_l2(x, x + delta, reach).clamp_(*bounds)


def _begin(
    model: nn.Module, x: Tensor, targets: Tensor, start: Tensor, loss: Loss, reach: Tensor, bounds: Bounds, passes: int
) -> tuple[_Walk, Tensor]:
    rows = torch.arange(len(x), device=x.device)
    logits, losses, gradient = _look(model, start, loss, rows, passes, slope=True)
    everywhere = torch.ones_like(rows, dtype=torch.bool)
    walk = _Walk(
        rows,
        x,
        *box(x, reach, bounds),
        previous=start,
        current=start,
        losses=losses,
        gradient=gradient,
        best=start,
        best_losses=losses,
        best_gradient=gradient,
        stride=(2 * reach).expand(len(x)).clone(),
        rises=torch.zeros_like(rows),
        best_before=losses,
        halved=~everywhere,
        standing=everywhere,
    )
    return walk, logits.argmax(1) != targets


def _look(
    model: nn.Module, images: Tensor, loss: Loss, rows: Tensor, passes: int, *, slope: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Logits, losses and, with ``slope``, the gradient there, each the mean of ``passes`` through the model."""
    leaf = images.detach().requires_grad_(slope)
    seen: list[tuple[Tensor, Tensor]] = []
    gradient = torch.zeros_like(images)
    for _ in range(passes):
        with torch.set_grad_enabled(slope):
            logits = logits_of(model, leaf)
            losses = loss(logits, rows)
        if slope:
            gradient += torch.autograd.grad(losses.sum(), leaf)[0]
        seen.append((logits.detach(), losses.detach()))
    logits, losses = (torch.stack(each).mean(0) if passes > 1 else each[0] for each in zip(*seen, strict=True))
    return logits, losses, gradient.nan_to_num_()  # a slope that is no number points nowhere


def _next(walk: _Walk, reach: Tensor, norm: Norm, momentum: float) -> Tensor:
    """A step up the gradient mixed with the step before it, back inside the ball and the bounds."""

    def inside(images: Tensor) -> Tensor:
        rounded = project_l2(walk.x, images, reach) if norm == "l2" else images
        return rounded.clamp(walk.low, walk.high)

    up = inside(torch.addcmul(walk.current, direction(walk.gradient, norm), _wide(walk.stride, walk.x)))
    if momentum == 1:
        return up
    mixed = walk.current + momentum * (up - walk.current) + (1 - momentum) * (walk.current - walk.previous)
    return inside(mixed)


def _arrive(walk: _Walk, there: Tensor, losses: Tensor, gradient: Tensor) -> _Walk:
    better = losses > walk.best_losses
    return replace(
        walk,
        previous=walk.current,
        current=there,
        losses=losses,
        gradient=gradient,
        best=torch.where(_wide(better, there), there, walk.best),
        best_losses=torch.where(better, losses, walk.best_losses),
        best_gradient=torch.where(_wide(better, there), gradient, walk.best_gradient),
        rises=walk.rises + (losses > walk.losses),
    )


def _leave(walk: _Walk, found: Found, wrong: Tensor) -> _Walk:
    """Images met misclassified for the first time are written down and stand no more."""
    new = wrong & walk.standing
    if not bool(new.any()):
        return walk
    found.put(walk.rows[new], walk.current[new], walk.losses[new], fooled=True)
    walk = replace(walk, standing=walk.standing & ~wrong)
    few = int(walk.standing.sum()) <= KEPT * len(wrong)
    return walk.take(walk.standing) if few else walk


def _check(walk: _Walk, steps: int) -> _Walk:
    """At a checkpoint: where too few steps rose, or nothing was won by an unchanged stride, halve it and go back."""
    stuck = ~walk.halved & (walk.best_before == walk.best_losses)
    halve = (walk.rises < RHO * steps) | stuck
    wide = _wide(halve, walk.x)
    return replace(
        walk,
        stride=torch.where(halve, walk.stride / 2, walk.stride),
        current=torch.where(wide, walk.best, walk.current),
        gradient=torch.where(wide, walk.best_gradient, walk.gradient),
        losses=torch.where(halve, walk.best_losses, walk.losses),
        rises=torch.zeros_like(walk.rises),
        best_before=walk.best_losses,
        halved=halve,
    )


def _wide(values: Tensor, x: Tensor) -> Tensor:
    return values.view(-1, *[1] * (x.dim() - 1))
