"""AutoAttack: a cascade of attacks without a setting to tune, each against the images that still stand.

What: standard: APGD on cross entropy, APGD-T, FAB-T (both towards 9 classes, 100 steps each) and Square (5,000
    queries). plus: APGD on cross entropy and on DLR and FAB, 5 starts each, Square, APGD-T, FAB-T. rand, for models
    with random outputs: APGD on both losses, each step a mean of 20 passes. lite: APGD with 30 steps, APGD-T towards 3
    classes with 30 steps, Square with 200 queries; its numbers are upper bounds that do not compare with AutoAttack's,
    and its rows say so. An image falls at its first mistake, made again on the model as it is; one that stands is given
    as the first attack leaves it. Images that are misclassified already are given as they are. Losses are its own.
    For two classes and more: with three, z_4 is left out of the targeted ratio; with two nothing is divided by, and
    both are said in the row, beside the flags of the field: random outputs, probabilities for logits, zero gradients,
    fewer classes than targets, and Square breaking over 0.2 % of the images behind attacks that see gradients.
When: The robustness number to publish (standard); lite to look first on a CPU. For classifiers of images only.
Cost: For an image that stands to the end of standard, 1,900 steps with gradients and 5,900 forwards; about 550 steps
    of 20 for lite. Weak models cost little, since what falls to the first attack is done.
Options: suite (what the reference calls a version), norm ('linf' or 'l2'), eps.
Reference: Croce & Hein, Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free
    attacks, ICML 2020, arXiv 2003.01690.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar, Literal, TypeAlias

import torch
from torch import Tensor, nn

from tombola.attacks._ball import InBall
from tombola.attacks._base import Criterion, Tally
from tombola.attacks._crafting import crafting
from tombola.attacks._flags import flags, signs, warn
from tombola.attacks._norms import Bounds, Norm, require_inside
from tombola.attacks._searching import logits_of
from tombola.attacks._streams import Randomness, Streams, streams
from tombola.attacks.apgd import apgd, apgd_passes
from tombola.attacks.apgd_t import apgd_t, apgd_t_passes
from tombola.attacks.fab import fab, fab_passes
from tombola.attacks.fab_t import fab_t, fab_t_passes
from tombola.attacks.square import square, square_passes
from tombola.registry import Examples
from tombola.rows import Scalar
from tombola.spec import option

Suite: TypeAlias = Literal["standard", "plus", "rand", "lite"]
Part: TypeAlias = Callable[[nn.Module, Tensor, Tensor, Streams], Tensor]
"""(model, images, targets, a stream an image) -> images."""

_ATTACKS: dict[str, Callable[..., Tensor]] = {
    "apgd_ce": partial(apgd, loss="ce"),
    "apgd_dlr": partial(apgd, loss="dlr"),
    "apgd_t": apgd_t,
    "fab": fab,
    "fab_t": fab_t,
    "square": square,
}
_SETTINGS: dict[Suite, dict[str, dict[str, int]]] = {
    "standard": {
        "apgd_ce": {"steps": 100},
        "apgd_t": {"goals": 9, "steps": 100},
        "fab_t": {"goals": 9, "steps": 100},
        "square": {"queries": 5000},
    },
    "plus": {
        "apgd_ce": {"restarts": 5, "steps": 100},
        "apgd_dlr": {"restarts": 5, "steps": 100},
        "fab": {"restarts": 5, "steps": 100},
        "square": {"queries": 5000},
        "apgd_t": {"goals": 9, "steps": 100},
        "fab_t": {"goals": 9, "steps": 100},
    },
    "rand": {"apgd_ce": {"eot_iter": 20, "steps": 100}, "apgd_dlr": {"eot_iter": 20, "steps": 100}},
    "lite": {"apgd_ce": {"steps": 30}, "apgd_t": {"goals": 3, "steps": 30}, "square": {"queries": 200}},
}
_PASSES: dict[str, Callable[[int, Mapping[str, int]], float]] = {
    "apgd_ce": lambda _, settings: apgd_passes(**settings),
    "apgd_dlr": lambda _, settings: apgd_passes(**settings),
    "apgd_t": lambda classes, settings: apgd_t_passes(classes, **settings),
    "fab": lambda classes, settings: fab_passes(classes, **settings),
    "fab_t": lambda classes, settings: fab_t_passes(classes, **settings),
    "square": lambda _, settings: square_passes(**settings),
}
_NOT_COMPARABLE = "no: a smaller budget than AutoAttack's; an upper bound"
_DROPPED = {
    "2 classes": "with 2 classes: what the logits' ratios divide by, so DLR is the margin",
    "3 classes": "with 3 classes: z_4 of the targeted ratio",
}


def cascade(
    model: nn.Module, x: Tensor, targets: Tensor, parts: Mapping[str, Part], *, generator: Randomness
) -> tuple[Tensor, dict[str, int]]:
    """Each image as the first part that breaks it leaves it, and how many images each part broke.

    Images told wrong already stay; those that stand against all are as the first part leaves them. Nothing given is
    changed. What is found for an image does not depend on the others in its batch, but through the model.
    """
    own, found = streams(len(x), generator), x.detach().clone()
    broken = dict.fromkeys(parts, 0)
    with crafting(model, "eval"):
        standing = (~_wrong(model, x, targets)).nonzero().squeeze(1)
        for number, (name, part) in enumerate(parts.items()):
            if len(standing) == 0:
                break
            images = part(model, x[standing], targets[standing], [own[row] for row in standing.tolist()])
            wrong = _wrong(model, images, targets[standing])
            kept = torch.ones_like(wrong) if number == 0 else wrong
            found[standing[kept]] = images[kept]
            broken[name] = int(wrong.sum())
            standing = standing[~wrong]
    return found, broken


def parts_of(suite: Suite, *, eps: float, norm: Norm, bounds: Bounds) -> dict[str, Part]:
    """The attacks of a suite in their order."""

    def part(name: str, settings: dict[str, Any]) -> Part:
        attack = partial(_ATTACKS[name], eps=eps, norm=norm, bounds=bounds, **settings)
        return lambda model, x, targets, own: attack(model, x, targets, generator=own)

    return {name: part(name, settings) for name, settings in _SETTINGS[suite].items()}


@torch.no_grad()
def _wrong(model: nn.Module, x: Tensor, targets: Tensor) -> Tensor:
    return logits_of(model, x).argmax(1) != targets


class AutoAttack(InBall):
    """The cascade in an linf or l2 ball; the defaults are the standard suite at 8/255."""

    EXAMPLES: ClassVar[Examples] = ({"suite": "lite"},)

    suite: Suite = option("standard", "'standard', 'plus', 'rand' (random outputs) or 'lite' (not comparable)")

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
        found, tally = self.tallied(model, x, targets, criterion, bounds=bounds, generator=generator)
        self.remarks(tally, len(x))
        return found

    def tallied(
        self,
        model: nn.Module,
        x: Tensor,
        targets: Tensor,
        criterion: Criterion,
        *,
        bounds: Bounds,
        generator: torch.Generator,
    ) -> tuple[Tensor, Tally]:
        tally = Tally()
        require_inside(x, bounds)
        if len(x) == 0:
            return x.detach().clone(), tally
        settings = _SETTINGS[self.suite]
        wanted = max(each.get("goals", 1) for each in settings.values())
        with crafting(model, "eval"):
            tally.odd.update(signs(model, x, targets, wanted=wanted, random=self.suite == "rand"), images=len(x))
        parts = parts_of(self.suite, eps=self.eps, norm=self.norm, bounds=bounds)
        found, broken = cascade(model, x, targets, parts, generator=generator)
        tally.broken.update(broken)
        return found, tally

    def passes(self, classes: int) -> float:
        signs = 2 if self.suite == "rand" else 3
        parts = sum(_PASSES[name](classes, settings) + 1 for name, settings in _SETTINGS[self.suite].items())
        return signs + 1 + (parts if self.eps else len(_SETTINGS[self.suite]))

    def remarks(self, tally: Tally, samples: int) -> dict[str, Scalar]:
        dropped = [text for name, text in _DROPPED.items() if tally.odd.get(name, 0)]
        raised = flags(tally, samples, tally.odd.get("images", 0))
        warn(raised)
        return {name: "; ".join(texts) for name, texts in (("dropped", dropped), ("flags", raised)) if texts}

    def budget(self) -> dict[str, Scalar]:
        attacks = [f"{name}({_written(settings)})" for name, settings in _SETTINGS[self.suite].items()]
        label = {"comparable": _NOT_COMPARABLE} if self.suite == "lite" else {}
        return {**super().budget(), "attacks": ", ".join(attacks), **label}


def _written(settings: Mapping[str, int]) -> str:
    return ", ".join(f"{name}={value}" for name, value in settings.items())
