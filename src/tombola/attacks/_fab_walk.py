"""One run of FAB: along the decision boundary, ever nearer to the image (Croce & Hein 2020, algorithm 1)."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import TypeAlias

import torch
from torch import Tensor, nn

from tombola.attacks._climbing import on_the_edge
from tombola.attacks._fab_plane import to_plane
from tombola.attacks._losses import margin
from tombola.attacks._norms import Bounds, Norm, box, project_l2, radius
from tombola.attacks._searching import KEPT, Attempt, Found, logits_of
from tombola.attacks._streams import Streams

Facing: TypeAlias = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""(images, the rows of the batch they belong to) -> the boundary seen from there, taken as a plane: how much the wrong
class has to rise over the right one, (N,), and the slope of that, like the images."""


@dataclass(frozen=True)
class Pace:
    """``alpha_max``: the most that is mixed in of the image's own way to the plane; ``eta``: how far past the plane,
    1 is on it; ``beta``: what is kept of the way when a misclassified point is drawn back to the image."""

    alpha_max: float = 0.1
    eta: float = 1.05
    beta: float = 0.9


@dataclass(frozen=True)
class _Walk:
    """The images still under way, a row each; ``nearest`` is the misclassified point at the least ``distance``."""

    rows: Tensor
    x: Tensor
    targets: Tensor
    current: Tensor
    nearest: Tensor
    distance: Tensor
    standing: Tensor

    def take(self, kept: Tensor) -> "_Walk":
        return _Walk(**{field.name: getattr(self, field.name)[kept] for field in fields(self)})


def attempt_of(
    model: nn.Module,
    x: Tensor,
    targets: Tensor,
    own: Streams | None,
    face: Callable[[Tensor], Facing],
    *,
    eps: float,
    steps: int,
    norm: Norm,
    bounds: Bounds,
    pace: Pace,
) -> Attempt:
    """A walk for some rows of ``x`` towards what ``face`` says: from the images, or with streams from beside them."""

    def attempt(rows: Tensor) -> Found:
        images = x[rows]
        mine = None if own is None else [own[row] for row in rows.tolist()]
        start = images if mine is None else on_the_edge(images, mine, eps / 2, norm, bounds)
        return walk(
            model, images, targets[rows], start, face(rows), eps=eps, steps=steps, norm=norm, bounds=bounds, pace=pace
        )

    return attempt


def walk(
    model: nn.Module,
    x: Tensor,
    targets: Tensor,
    start: Tensor,
    facing: Facing,
    *,
    eps: float,
    steps: int,
    norm: Norm,
    bounds: Bounds,
    pace: Pace,
) -> Found:
    """The first misclassified point within ``eps`` of each image; else the nearest one, drawn back to the ball."""
    found = Found.nothing(start)
    rows = torch.arange(len(x), device=x.device)
    everywhere = torch.ones_like(rows, dtype=torch.bool)
    state = _Walk(rows, x, targets, start, start, torch.full_like(rows, torch.inf, dtype=x.dtype), everywhere)
    for _ in range(steps):
        if not bool(state.standing.any()):
            return found
        rise, slope = facing(state.current, state.rows)
        there = _next(state, rise, slope, norm, bounds, pace)
        with torch.no_grad():
            logits = logits_of(model, there)
        state = _arrive(state, there, logits.argmax(1) != state.targets, norm, pace)
        state = _leave(state, found, eps, norm, bounds)
    left = state.take(state.standing)
    _draw_back(model, left, found, eps, norm, bounds)
    return found


def _next(state: _Walk, rise: Tensor, slope: Tensor, norm: Norm, bounds: Bounds, pace: Pace) -> Tensor:
    """A little past the plane, between the way there from the current point and the way there from the image."""
    away = state.current - state.x
    from_image = rise + torch.linalg.vecdot(slope.flatten(1), away.flatten(1))
    step = to_plane(state.current, slope, rise, norm, bounds)
    own = to_plane(state.x, slope, from_image, norm, bounds)
    far, near = length(step, norm), length(own, norm)
    share = (far / (far + near).clamp_min(torch.finfo(far.dtype).tiny)).clamp_max(pace.alpha_max)
    alpha = _wide(share, step)
    here, image = state.current + pace.eta * step, state.x + pace.eta * own
    return torch.lerp(here, image, alpha).clamp_(*bounds)


def _arrive(state: _Walk, there: Tensor, wrong: Tensor, norm: Norm, pace: Pace) -> _Walk:
    """Misclassified points are remembered where they are the nearest so far, and left for one nearer the image."""
    distance = length(there - state.x, norm)
    better = wrong & (distance < state.distance)
    drawn = torch.lerp(state.x, there, pace.beta)
    return replace(
        state,
        current=torch.where(_wide(wrong, there), drawn, there),
        nearest=torch.where(_wide(better, there), there, state.nearest),
        distance=torch.where(better, distance, state.distance),
    )


def _leave(state: _Walk, found: Found, eps: float, norm: Norm, bounds: Bounds) -> _Walk:
    """Images with a misclassified point in their ball are written down and stand no more."""
    new = state.standing & (state.distance <= eps)
    if not bool(new.any()):
        return state
    images = into_ball(state.x[new], state.nearest[new], eps, norm, bounds)
    found.put(state.rows[new], images, torch.zeros_like(state.distance[new]), fooled=True)
    state = replace(state, standing=state.standing & ~new)
    few = int(state.standing.sum()) <= KEPT * len(new)
    return state.take(state.standing) if few else state


@torch.no_grad()
def _draw_back(model: nn.Module, left: _Walk, found: Found, eps: float, norm: Norm, bounds: Bounds) -> None:
    """For images that stand: the nearest misclassified point, or where the walk ended, as far out as the ball goes."""
    if len(left.rows) == 0:
        return
    met = _wide(left.distance.isfinite(), left.x)
    images = into_ball(left.x, torch.where(met, left.nearest, left.current), eps, norm, bounds)
    logits = logits_of(model, images)
    found.put(left.rows, images, margin(logits, left.targets), fooled=False)


def into_ball(x: Tensor, images: Tensor, eps: float, norm: Norm, bounds: Bounds) -> Tensor:
    """The points of the ball nearest to ``images``, exactly inside it and inside ``bounds``."""
    reach = radius(eps, x)
    rounded = project_l2(x, images, reach) if norm == "l2" else images
    return rounded.clamp(*box(x, reach, bounds))


def length(steps: Tensor, norm: Norm) -> Tensor:
    """Each step's length in the norm, (N,)."""
    flat = steps.flatten(1)
    return flat.abs().amax(1) if norm == "linf" else flat.norm(dim=1)


def _wide(values: Tensor, x: Tensor) -> Tensor:
    return values.view(-1, *[1] * (x.dim() - 1))
