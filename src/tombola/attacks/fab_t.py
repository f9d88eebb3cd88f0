"""Targeted FAB: along the boundary to each of the likeliest wrong classes, ever nearer to the image.

What: Takes the boundary between the right class and one wrong class for a plane, steps just past it by the shortest way
    that keeps pixels in their bounds, leaning towards the image, and looks again; a misclassified point is drawn back
    to the image first. Once for each of the likeliest wrong classes at the clean image, for the images that still
    stand. The first misclassified point (as whatever class) within eps ends an image's search; one that stands is given
    as the nearest misclassified point met, drawn back to the ball's edge. Images that are misclassified already are
    given as they are. The loss is its own, not the task's. With fewer classes than targets every wrong class is one.
When: Beside APGD: it looks for the nearest mistake, not for the worst point of a ball, and has no step length that
    could be wrong. Nothing in it is random but the starts after the first. For classifiers only.
Cost: Two forwards and one backward (no weight gradients) a step and target, for images not yet misclassified: 900
    steps by default. A mistake ends an image's search.
Options: norm ('linf' or 'l2'; l1 is not offered), eps, steps, targets (9 by default, or all wrong classes when fewer),
    restarts (of each target; after the first from a random point half of eps away), alpha_max, eta, beta, bn.
Reference: Croce & Hein, Minimally distorted adversarial examples with a fast adaptive boundary attack, ICML 2020,
    arXiv 1907.02044; targeted, and without the final search, as in AutoAttack, arXiv 2003.01690.
"""

from collections.abc import Iterator
from typing import ClassVar

import torch
from torch import Tensor, nn

from tombola.attacks._ball import BallAttack
from tombola.attacks._crafting import BatchNormMode
from tombola.attacks._fab_walk import Facing, Pace, attempt_of
from tombola.attacks._losses import wrong_classes
from tombola.attacks._norms import Bounds, Norm
from tombola.attacks._searching import Attempt, logits_of, search
from tombola.attacks._streams import Randomness, streams
from tombola.registry import Examples
from tombola.spec import option


def fab_t(
    model: nn.Module,
    x: Tensor,
    targets: Tensor,
    *,
    eps: float,
    generator: Randomness,
    steps: int = 100,
    goals: int = 9,
    norm: Norm = "linf",
    bounds: Bounds = (0.0, 1.0),
    restarts: int = 1,
    pace: Pace = Pace(),  # noqa: B008  frozen
    bn: BatchNormMode = "eval",
) -> Tensor:
    """Images within ``eps`` of ``x`` and within ``bounds``, misclassified where a mistake so near was found.

    Nothing given is changed. What is found for an image does not depend on the others in its batch, but through the
    model.
    """
    x = x.detach()
    if len(x) == 0 or eps == 0:
        return x.clone()
    own = streams(len(x), generator)

    def towards(goal: Tensor, restart: int) -> Attempt:
        return attempt_of(
            model,
            x,
            targets,
            own if restart else None,
            lambda rows: facing(model, targets[rows], goal[rows]),
            eps=eps,
            steps=steps,
            norm=norm,
            bounds=bounds,
            pace=pace,
        )

    def attempts(logits: Tensor) -> Iterator[Attempt]:
        for goal in wrong_classes(logits, targets, goals).unbind(1):
            yield from (towards(goal, restart) for restart in range(restarts))

    return search(model, x, targets, attempts, bn=bn)


def facing(model: nn.Module, targets: Tensor, goals: Tensor) -> Facing:
    """The boundary between each image's right class and its goal."""

    def look(images: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        leaf = images.detach().requires_grad_()
        logits = logits_of(model, leaf)
        pair = torch.stack([targets[rows], goals[rows]], 1)
        right, wrong = logits.gather(1, pair).unbind(1)
        (slope,) = torch.autograd.grad((wrong - right).sum(), leaf)
        return (right - wrong).detach().to(images.dtype), slope.nan_to_num_()

    return look


def fab_t_passes(classes: int, *, steps: int, goals: int, restarts: int = 1) -> float:
    """What `fab_t` costs an image that stands: at each step towards each goal two forwards and a backward."""
    return 1 + min(goals, classes - 1) * restarts * (3 * steps + 2)


class FABT(BallAttack):
    """Targeted FAB in an linf or l2 ball; the defaults are the third attack of AutoAttack at 8/255."""

    EXAMPLES: ClassVar[Examples] = ({"steps": 2}, {"steps": 2, "targets": 2, "restarts": 2})

    steps: int = option(100, "steps towards each target", ge=1)
    targets: int = option(9, "how many of the likeliest wrong classes; all there are when fewer", ge=1)
    restarts: int = option(1, "how many starts a target; each for the images that still stand", ge=1)
    alpha_max: float = option(0.1, "how far a step leans towards the image at the most", ge=0, le=1)
    eta: float = option(1.05, "how far a step goes past the boundary; 1 ends on it", ge=1)
    beta: float = option(0.9, "what is kept of the way when a misclassified point is drawn back", gt=0, le=1)
    bn: BatchNormMode = option("eval", "layers while crafting: 'eval', or 'train' for the mode the model is in")

    def passes(self, classes: int) -> float:
        if self.eps == 0:
            return 0
        return fab_t_passes(classes, steps=self.steps, goals=self.targets, restarts=self.restarts)

    def search(
        self, model: nn.Module, x: Tensor, targets: Tensor, *, bounds: Bounds, generator: torch.Generator
    ) -> Tensor:
        return fab_t(
            model,
            x,
            targets,
            eps=self.eps,
            generator=generator,
            steps=self.steps,
            goals=self.targets,
            norm=self.norm,
            bounds=bounds,
            restarts=self.restarts,
            pace=Pace(self.alpha_max, self.eta, self.beta),
            bn=self.bn,
        )
