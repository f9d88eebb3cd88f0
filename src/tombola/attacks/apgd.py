"""Auto-PGD: gradient ascent that finds its own step length.

What: From a random point on the ball's edge, steps of 2 * eps with momentum; at checkpoints (22 % of the steps, then
    closer and closer) an image whose loss rose in fewer than three steps of four, or not at all, goes back to its
    best point and halves its step. Gives each image's first misclassified point, else its point of highest loss.
    Images that are misclassified already are given as they are. The loss is the option's, not the task's: cross
    entropy (climbed as log odds, so a saturated model has gradients too), or the difference of logits ratio.
When: A robustness number without a step length to tune; stronger than PGD at the same steps. For classifiers only.
Cost: One forward and one backward a step, restart and eot pass (no weight gradients), for images not yet misclassified.
    A mistake ends an image's search, so weak models cost little.
Options: norm, eps, steps, loss ('dlr' of a model of two classes is the plain margin), restarts, eot_iter (for models
    with random outputs: logits, losses and gradients are means over so many passes), bn.
Reference: Croce & Hein, Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free
    attacks, ICML 2020, arXiv 2003.01690.
"""

from typing import ClassVar, Literal, TypeAlias

import torch
from torch import Tensor, nn

from tombola.attacks._ball import BallAttack
from tombola.attacks._climbing import attempt_of
from tombola.attacks._crafting import BatchNormMode
from tombola.attacks._losses import dlr, log_odds
from tombola.attacks._norms import Bounds, Norm
from tombola.attacks._searching import search
from tombola.attacks._streams import Randomness, streams
from tombola.registry import Examples
from tombola.spec import option

LossName: TypeAlias = Literal["ce", "dlr"]
LOSSES = {"ce": log_odds, "dlr": dlr}  # what climbs log odds climbs cross entropy, and never saturates


def apgd(
    model: nn.Module,
    x: Tensor,
    targets: Tensor,
    *,
    eps: float,
    generator: Randomness,
    steps: int = 100,
    loss: LossName = "ce",
    norm: Norm = "linf",
    bounds: Bounds = (0.0, 1.0),
    restarts: int = 1,
    eot_iter: int = 1,
    bn: BatchNormMode = "eval",
) -> Tensor:
    """Images within ``eps`` of ``x`` and within ``bounds`` that raise the loss; nothing given is changed.

    What is found for an image does not depend on the others in its batch, but through the model.
    """
    x = x.detach()
    if len(x) == 0 or eps == 0:
        return x.clone()
    own, measure = streams(len(x), generator), LOSSES[loss]
    attempt = attempt_of(
        model,
        x,
        targets,
        own,
        lambda logits, rows: measure(logits, targets[rows]),
        eps=eps,
        steps=steps,
        norm=norm,
        bounds=bounds,
        eot_iter=eot_iter,
    )
    return search(model, x, targets, lambda _: [attempt] * restarts, bn=bn)


def apgd_passes(*, steps: int, restarts: int = 1, eot_iter: int = 1) -> float:
    """What `apgd` costs an image that stands: the start and each step but the last with a slope, and both ends."""
    return 1 + restarts * (eot_iter * (2 * steps + 1) + 1)


class APGD(BallAttack):
    """Auto-PGD in an linf or l2 ball; the defaults are the first attack of AutoAttack at 8/255."""

    EXAMPLES: ClassVar[Examples] = (
        {"steps": 3},
        {"steps": 4, "restarts": 2},
        {"steps": 2, "eot_iter": 3},
        {"eps": 0.0},
    )

    steps: int = option(100, "gradient steps", ge=1)
    loss: LossName = option("ce", "what is raised: 'ce' (cross entropy) or 'dlr' (difference of logits ratio)")
    restarts: int = option(1, "how many starts; each for the images that still stand", ge=1)
    eot_iter: int = option(1, "passes to average over a step, for models with random outputs", ge=1)
    bn: BatchNormMode = option("eval", "layers while crafting: 'eval', or 'train' for the mode the model is in")

    def passes(self, classes: int) -> float:
        return apgd_passes(steps=self.steps, restarts=self.restarts, eot_iter=self.eot_iter) if self.eps else 0

    def search(
        self, model: nn.Module, x: Tensor, targets: Tensor, *, bounds: Bounds, generator: torch.Generator
    ) -> Tensor:
        return apgd(
            model,
            x,
            targets,
            eps=self.eps,
            generator=generator,
            steps=self.steps,
            loss=self.loss,
            norm=self.norm,
            bounds=bounds,
            restarts=self.restarts,
            eot_iter=self.eot_iter,
            bn=self.bn,
        )
