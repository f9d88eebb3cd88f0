"""Targeted Auto-PGD: towards each of the likeliest wrong classes in turn.

What: Auto-PGD on the targeted difference of logits ratio, (z_t - z_y) / (z_1 - (z_3 + z_4) / 2), once for each of the
    likeliest wrong classes t at the clean image, for the images that still stand. Gives each image's first
    misclassified point (as whatever class), else its point of highest loss over all targets. Images that are
    misclassified already are given as they are. The loss is its own, not the task's.
    With fewer classes than targets every wrong class is one. With three classes z_4 is dropped from the loss; with two
    the loss is the plain margin, and the one target makes this the untargeted attack.
When: The strongest gradient attack of AutoAttack: a robustness number to rely on. For classifiers only.
Cost: That of Auto-PGD times the targets, for images that stand to the end: 900 steps by default.
Options: norm, eps, steps, targets (9 by default, or all wrong classes when fewer), restarts (of each target), eot_iter,
    bn.
Reference: Croce & Hein, Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free
    attacks, ICML 2020, arXiv 2003.01690.
"""

from collections.abc import Iterator
from typing import ClassVar

import torch
from torch import Tensor, nn

from tombola.attacks._ball import BallAttack
from tombola.attacks._climbing import attempt_of
from tombola.attacks._crafting import BatchNormMode
from tombola.attacks._losses import targeted_dlr, wrong_classes
from tombola.attacks._norms import Bounds, Norm
from tombola.attacks._searching import Attempt, search
from tombola.attacks._streams import Randomness, streams
from tombola.registry import Examples
from tombola.spec import option


def apgd_t(
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
    eot_iter: int = 1,
    bn: BatchNormMode = "eval",
) -> Tensor:
    """Images within ``eps`` of ``x`` and within ``bounds`` nearer to one of ``goals`` wrong classes.

    Nothing given is changed. What is found for an image does not depend on the others in its batch, but through the
    model.
    """
    x = x.detach()
    if len(x) == 0 or eps == 0:
        return x.clone()
    own = streams(len(x), generator)

    def towards(goal: Tensor) -> Attempt:
        return attempt_of(
            model,
            x,
            targets,
            own,
            lambda logits, rows: targeted_dlr(logits, targets[rows], goal[rows]),
            eps=eps,
            steps=steps,
            norm=norm,
            bounds=bounds,
            eot_iter=eot_iter,
        )

    def attempts(logits: Tensor) -> Iterator[Attempt]:
        for goal in wrong_classes(logits, targets, goals).unbind(1):
            yield from [towards(goal)] * restarts

    return search(model, x, targets, attempts, bn=bn)


def apgd_t_passes(classes: int, *, steps: int, goals: int, restarts: int = 1, eot_iter: int = 1) -> float:
    """What `apgd_t` costs an image that stands: `apgd`'s way towards each goal."""
    return 1 + min(goals, classes - 1) * restarts * (eot_iter * (2 * steps + 1) + 1)


class APGDT(BallAttack):
    """Targeted Auto-PGD in an linf or l2 ball; the defaults are the second attack of AutoAttack at 8/255."""

    EXAMPLES: ClassVar[Examples] = (
        {"steps": 3},
        {"steps": 2, "targets": 2, "restarts": 2},
        {"steps": 2, "targets": 1, "eot_iter": 2},
    )

    steps: int = option(100, "gradient steps towards each target", ge=1)
    targets: int = option(9, "how many of the likeliest wrong classes; all there are when fewer", ge=1)
    restarts: int = option(1, "how many starts a target; each for the images that still stand", ge=1)
    eot_iter: int = option(1, "passes to average over a step, for models with random outputs", ge=1)
    bn: BatchNormMode = option("eval", "layers while crafting: 'eval', or 'train' for the mode the model is in")

    def passes(self, classes: int) -> float:
        if self.eps == 0:
            return 0
        return apgd_t_passes(
            classes, steps=self.steps, goals=self.targets, restarts=self.restarts, eot_iter=self.eot_iter
        )

    def search(
        self, model: nn.Module, x: Tensor, targets: Tensor, *, bounds: Bounds, generator: torch.Generator
    ) -> Tensor:
        return apgd_t(
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
            eot_iter=self.eot_iter,
            bn=self.bn,
        )
