"""Fast adversarial training: the mean loss on images of one step from a random start (FGSM-RS), under watch.

What: From a uniform point of the linf ball, one signed step of alpha, back into the ball and into [0, 1]; the mean loss
    there. The network crafts in the mode it trains in, as the published code does. Such a training can collapse within
    a few steps (catastrophic overfitting): it learns to fool its own step and loses all robustness. So every
    ``look_every`` it is looked at, on validation images (training images where there are none). It is sound when PGD's
    score is at least half of that on its own attack; it has collapsed when it is not, 0.2 lie between them, and the own
    attack's is at least 0.6 of the clean one. Then the state of the last sound look comes back (weights, optimizer,
    average, best), the attack's step is halved and taken twice as often (so it reaches as far, and costs more forwards
    and backwards), and the training goes on; after ``repairs`` of them it ends with that state. Until the first sound
    look two collapsed ones are waited out. A training that was never seen sound and cannot be repaired fails.
When: Robust pretraining for little more than twice a natural training's cost, with the preset ``fast``.
Cost: Not quite two natural steps each. Looking costs less than a twentieth with the default.
Options: eps; alpha (empty: 1.25 eps); steps that alpha is split into (1 is FGSM-RS); bn; look_every (empty: never);
    look_steps; repairs (0: end at the first collapse, as the published code does).
Reference: Wong et al., Fast is better than free, ICLR 2020, arXiv 2001.03994; collapse: Andriushchenko and Flammarion,
    NeurIPS 2020, arXiv 2007.02617.
"""

from collections.abc import Callable
from typing import Any, ClassVar, Final, Self, final

import torch
from pydantic import model_validator
from torch import Tensor, nn

from tombola.attacks._base import Criterion
from tombola.attacks._crafting import BatchNormMode, crafting
from tombola.attacks.pgd import check_pixels, pgd
from tombola.batch import Batch
from tombola.models.beside import bounds_of, continuous
from tombola.objectives._base import Found, Objective, Progress, Running
from tombola.objectives._guarding import Finding, Guard, Guarded
from tombola.objectives._views import refuse_views
from tombola.registry import Examples
from tombola.spec import option
from tombola.tasks._base import Task
from tombola.units import Pixels, Steps

_BLIND: Final = 0.6  # own attack against clean images: natural networks are near 0.2, collapsed ones near 1
_SHARE: Final = 0.5  # PGD against the own attack: sound trainings are near 0.9, collapsed ones at 0
_GAP: Final = 0.2  # what noise on a small batch cannot make


class Fast(Objective):
    """The mean loss on images of one step from a random start."""

    EXAMPLES: ClassVar[Examples] = ({}, {"steps": 2}, {"eps": 0.0})

    eps: Pixels = option(8 / 255, "the ball's radius (linf); images live in [0, 1], so write '8/255'", ge=0)
    alpha: Pixels | None = option(None, "how far the attack steps; empty: 1.25 eps", gt=0)
    steps: int = option(1, "steps that alpha is split into; each repair doubles them", ge=1)
    bn: BatchNormMode = option("train", "layers while crafting: 'train' for the mode the model is in, or 'eval'")
    look_every: Steps | None = option("100it", "how often to look for a collapse; empty: never", validate_default=True)
    look_steps: int = option(5, "steps of the PGD that looks", ge=2)
    repairs: int = option(3, "how many collapses to repair before the training ends", ge=0)

    @model_validator(mode="after")
    def _in_unit_range(self) -> Self:
        check_pixels(self.eps, "linf", self.alpha)
        if self.look_every is not None and self.look_every.count == 0:
            raise ValueError("look_every=0 is no interval; leave it empty (null) to never look")
        return self

    def check(self, task: Task) -> None:
        if self.guard() is not None:
            refuse_views("fast", "looks after itself on single samples (unless look_every is empty)", task)

    def loss(
        self, model: nn.Module, batch: Batch, criterion: Criterion, *, at: Progress, generator: torch.Generator
    ) -> Found:
        net, _ = continuous(model, batch)
        outputs = net(self.attacked(model, batch, criterion, bn=self.bn, generator=generator))
        return Found(criterion(outputs, batch.targets).mean(), outputs)

    def attacked(
        self, model: nn.Module, batch: Batch, criterion: Criterion, *, bn: BatchNormMode, generator: torch.Generator
    ) -> Tensor:
        """What is trained on."""
        (net, x), steps = continuous(model, batch), self.steps
        step, bounds = self.length / steps, bounds_of(model)
        how: dict[str, Any] = {"bn": bn, "bounds": bounds, "generator": generator}
        return pgd(net, x, batch.targets, criterion, eps=self.eps, steps=steps, step=step, **how)

    @property
    def length(self) -> float:
        """How far all steps go together."""
        return 1.25 * self.eps if self.alpha is None else self.alpha

    def passes(self, classes: int, *, body: bool = True) -> float:
        """Without the looks, and without repairs, which take more steps an attack."""
        return (3 if body else 1) + (2 * self.steps if self.eps else 0)

    def begin(self, network: nn.Module, task: Task, *, seed: int) -> Running:
        guard = self.guard()
        return Running(self) if guard is None else Guarded(self, guard, task)

    def guard(self) -> Guard | None:
        """What looks for a collapse; None where none is looked for."""
        return None if self.look_every is None or self.eps == 0 else _Collapse(self, self.look_every)


@final
class _Collapse(Guard):
    """Whether the network can still be fooled by what it trains on."""

    remedy = (
        "Write a smaller objective.eps or objective.alpha, more objective.steps, a lower optimizer.lr, a longer"
        " warmup (1ep), or objective=adversarial (PGD)"
    )

    def __init__(self, objective: Fast, every: Steps) -> None:
        self.objective = objective
        self.every = every

    def look(
        self,
        model: nn.Module,
        batch: Batch,
        criterion: Criterion,
        scores: Callable[[Tensor, Tensor], Tensor],
        *,
        generator: torch.Generator,
    ) -> Finding:
        ours, steps, bounds = self.objective, self.objective.look_steps, bounds_of(model)
        (net, x), targets = continuous(model, batch), batch.targets
        own = ours.attacked(model, batch, criterion, bn="eval", generator=generator)
        strong = pgd(net, x, targets, criterion, eps=ours.eps, steps=steps, bounds=bounds, generator=generator)
        with crafting(model, "eval"), torch.no_grad():
            clean, easy, hard = (float(scores(net(each).float(), targets).mean()) for each in (x, own, strong))
        if not collapsed(clean, easy, hard):
            return Finding(sound=kept(easy, hard))
        return Finding(
            fault=f"the training has collapsed: it scores {easy:.2f} on its own attack and {hard:.2f} on PGD-{steps}"
            " (catastrophic overfitting)"
        )

    def repaired(self) -> tuple[Objective, Guard | None, str] | None:
        ours = self.objective
        if ours.repairs == 0:
            return None
        reach = min(ours.length, 2 * ours.eps)  # as far as the ball is wide: what is further is cut off
        better = ours.replace(alpha=reach, steps=2 * ours.steps, repairs=ours.repairs - 1)
        return (
            better,
            better.guard(),
            f"goes on in {better.steps} steps of {255 * reach / better.steps:.3g}/255 an attack",
        )


def collapsed(clean: float, easy: float, hard: float) -> bool:
    """Whether mean scores on clean images, the own attack's and a strong attack's are those of a collapse.

    >>> collapsed(0.85, 0.55, 0.46), collapsed(0.84, 0.90, 0.0), collapsed(0.95, 0.20, 0.0)  # the last is natural
    (False, True, False)
    """
    return easy >= _BLIND * clean and easy - hard > _GAP and not kept(easy, hard)


def kept(easy: float, hard: float) -> bool:
    """Whether most of what holds against the own attack holds against the strong one."""
    return hard >= _SHARE * easy
