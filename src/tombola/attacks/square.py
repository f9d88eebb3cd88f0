"""Square: random search with squares, by the model's scores alone.

What: Starts from vertical stripes (linf) or a grid of bumps (l2) at the ball's edge, then changes a square at a random
    place of each image and keeps the change where the margin shrinks. Squares cover ``p_init`` of the image at first
    and half as much each time at queries 10, 50, 200, 500, 1000, 2000, 4000, 6000 and 8000. Gives each image's first
    misclassified point, else the best one met. Images that are misclassified already are given as they are. The loss
    is the margin between logits, not the task's.
When: Beside gradient attacks: it sees through gradients that are masked, quantised or not there. A robust number that
    Square pushes down further was not robust. For classifiers of images only.
Cost: One forward a query, for images not yet misclassified: 5,000 for one that stands to the end. No backward.
Options: norm, eps, queries (an image, the first point's included), p_init, resc_schedule (squash the schedule, made for
    10,000 queries, into those given), restarts, bn.
Reference: Andriushchenko et al., Square Attack: a query-efficient black-box adversarial attack via random search, ECCV
    2020, arXiv 1912.00049; the halving at 500 and the schedule left unsquashed are those of AutoAttack.
"""

from dataclasses import dataclass, fields, replace
from typing import ClassVar

import torch
from torch import Tensor, nn

from tombola.attacks._ball import BallAttack
from tombola.attacks._crafting import BatchNormMode
from tombola.attacks._losses import margin
from tombola.attacks._norms import Bounds, Norm, box, radius
from tombola.attacks._searching import KEPT, Found, logits_of, search
from tombola.attacks._squares import Patch, moved, side, squares, start_numbers, step_numbers, stripes, tiled
from tombola.attacks._streams import Randomness, Streams, streams, uniform
from tombola.errors import RequestError
from tombola.registry import Examples
from tombola.spec import option

CHUNK = 256  # queries whose numbers are drawn at once


def square(
    model: nn.Module,
    x: Tensor,
    targets: Tensor,
    *,
    eps: float,
    generator: Randomness,
    queries: int = 5000,
    norm: Norm = "linf",
    bounds: Bounds = (0.0, 1.0),
    p_init: float = 0.8,
    resc_schedule: bool = False,
    restarts: int = 1,
    bn: BatchNormMode = "eval",
) -> Tensor:
    """Images within ``eps`` of ``x`` and within ``bounds`` of smaller margin; nothing given is changed.

    What is found for an image does not depend on the others in its batch, but through the model.
    """
    x = x.detach()
    if x.dim() != 4:
        raise RequestError(f"square attacks images, (N, channels, height, width); it was given {tuple(x.shape)}")
    if len(x) == 0 or eps == 0:
        return x.clone()
    own, scale = streams(len(x), generator), 10_000 / queries if resc_schedule else 1
    sides = [side(int(query * scale), norm, (x.shape[2], x.shape[3]), p_init) for query in range(1, queries)]

    def attempt(rows: Tensor) -> Found:
        mine = [own[row] for row in rows.tolist()]
        return _wander(model, x[rows], targets[rows], mine, radius(eps, x), sides, norm, bounds)

    return search(model, x, targets, lambda _: [attempt] * restarts, bn=bn)


@dataclass(frozen=True)
class _Search:
    """The images still searched, a row each; ``best``, which is written to, has the margin ``losses``."""

    rows: Tensor
    x: Tensor
    targets: Tensor
    low: Tensor
    high: Tensor
    best: Tensor
    losses: Tensor
    numbers: Tensor  # (N, CHUNK, step_numbers)
    standing: Tensor

    def take(self, kept: Tensor) -> "_Search":
        return _Search(**{field.name: getattr(self, field.name)[kept] for field in fields(self)})


@torch.no_grad()
def _wander(
    model: nn.Module,
    x: Tensor,
    targets: Tensor,
    own: Streams,
    reach: Tensor,
    sides: list[int],
    norm: Norm,
    bounds: Bounds,
) -> Found:
    """One random search; ``sides`` are those of the squares tried after the first point."""
    state, wrong = _begin(model, x, targets, own, reach, norm, bounds)
    found = Found.nothing(state.best)
    state = _leave(state, found, wrong)
    for query, pixels in enumerate(sides):
        if not bool(state.standing.any()):
            return found
        if query % CHUNK == 0:
            state = replace(state, numbers=_draw(state, own, norm))
        tried = _try(state, reach, pixels, state.numbers[:, query % CHUNK], norm, bounds)
        state, wrong = _judge(model, state, tried)
        state = _leave(state, found, wrong)
    left = state.take(state.standing)
    found.put(left.rows, left.best, left.losses, fooled=False)
    return found


def _begin(
    model: nn.Module, x: Tensor, targets: Tensor, own: Streams, reach: Tensor, norm: Norm, bounds: Bounds
) -> tuple[_Search, Tensor]:
    low, high = box(x, reach, bounds)
    numbers = uniform(own, [start_numbers(norm, x.shape[1:])], x)
    first = stripes(low, high, numbers) if norm == "linf" else tiled(x, reach, numbers, bounds)
    logits = logits_of(model, first)
    rows = torch.arange(len(x), device=x.device)
    losses, everywhere = margin(logits, targets), torch.ones_like(rows, dtype=torch.bool)
    state = _Search(rows, x, targets, low, high, first, losses, numbers, everywhere)
    return state, logits.argmax(1) != targets


def _draw(state: _Search, own: Streams, norm: Norm) -> Tensor:
    return uniform([own[row] for row in state.rows.tolist()], [CHUNK, step_numbers(norm, state.x.shape[1])], state.x)


def _try(state: _Search, reach: Tensor, pixels: int, numbers: Tensor, norm: Norm, bounds: Bounds) -> list[Patch]:
    if norm == "linf":
        return squares(state.best, state.low, state.high, pixels, numbers)
    return moved(state.x, state.best, reach, pixels, numbers, bounds)


def _judge(model: nn.Module, state: _Search, tried: list[Patch]) -> tuple[_Search, Tensor]:
    """Image by image the better of old and new, in ``state.best`` itself; and which of the new are misclassified."""
    for patch in tried:
        patch.put(state.best)
    logits = logits_of(model, state.best)
    losses, wrong = margin(logits, state.targets), logits.argmax(1) != state.targets
    better = ((losses > state.losses) | wrong) & state.standing
    for patch in tried:
        patch.settle(state.best, better)
    return replace(state, losses=torch.where(better, losses, state.losses)), wrong


def _leave(state: _Search, found: Found, wrong: Tensor) -> _Search:
    """Images met misclassified for the first time are written down and stand no more."""
    new = wrong & state.standing
    if not bool(new.any()):
        return state
    found.put(state.rows[new], state.best[new], state.losses[new], fooled=True)
    state = replace(state, standing=state.standing & ~wrong)
    few = int(state.standing.sum()) <= KEPT * len(wrong)
    return state.take(state.standing) if few else state


def square_passes(*, queries: int, restarts: int = 1) -> float:
    """What `square` costs an image that stands: its queries, and both ends."""
    return 1 + restarts * (queries + 1)


class Square(BallAttack):
    """Square attack in an linf or l2 ball; the defaults are the last attack of AutoAttack at 8/255."""

    EXAMPLES: ClassVar[Examples] = ({"queries": 7}, {"queries": 5, "restarts": 2})

    queries: int = option(5000, "forward passes an image may take, the first point's included", ge=1)
    p_init: float = option(0.8, "share of the image the first squares cover", gt=0, le=1)
    resc_schedule: bool = option(
        default=False, help="squash the schedule of the squares' sides, made for 10,000 queries, into those given"
    )
    restarts: int = option(1, "how many starts; each for the images that still stand", ge=1)
    bn: BatchNormMode = option("eval", "layers while crafting: 'eval', or 'train' for the mode the model is in")

    def passes(self, classes: int) -> float:
        return square_passes(queries=self.queries, restarts=self.restarts) if self.eps else 0

    def search(
        self, model: nn.Module, x: Tensor, targets: Tensor, *, bounds: Bounds, generator: torch.Generator
    ) -> Tensor:
        return square(
            model,
            x,
            targets,
            eps=self.eps,
            generator=generator,
            queries=self.queries,
            norm=self.norm,
            bounds=bounds,
            p_init=self.p_init,
            resc_schedule=self.resc_schedule,
            restarts=self.restarts,
            bn=self.bn,
        )
