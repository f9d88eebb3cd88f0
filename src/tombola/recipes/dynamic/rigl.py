"""Dynamic masks against fixed ones: does training that moves its masks win, as RigL's paper says?

What: networks of the same sparsity, trained in as many steps: masks by magnitude that stay (OMP), masks that rise from
    dense while the net is trained (gradual), masks that begin as OMP's and move by gradient (RigL) or at random (SET);
    the dense net, and a random ticket whose masks stay, which every way must beat.
When: the question which change of masks, if any, is worth listing in a fit. The rule, written before any row: a way
    wins at a sparsity if the mean of its paired differences to OMP, seed by seed, is above 0 with its 95 % interval.
Faithful: ResNet-50 on ImageNet from scratch, 90 epochs at the rate of a large batch, masks that move every 100 steps
    until three quarters of them, 30 % at first, as Evci et al. have it; uniform over the layers.
Scaled: ResNet-20 at 32x32, pretrained on a hundred classes of Tiny-ImageNet, 2,000 images of CIFAR-10 for 400 steps.
Cost: at scale=small eighty trainings of some seventy seconds on one idle core, once the prior is pretrained.
Reference: Evci et al. (RigL), ICML 2020, arXiv 1911.11134; Mocanu et al. (SET), arXiv 1707.04780; Zhu & Gupta,
    arXiv 1710.01878.
"""

from collections.abc import Sequence
from typing import Any, Final

from tombola.recipes import _paper, _small
from tombola.recipes._scales import Scale, repeats, study
from tombola.study.study import Study

NAME: Final = "dynamic-rigl"
TITLE: Final = "Masks that move, rise or stay, at equal steps"
SPARSITIES: Final = (0.8, 0.9, 0.95)

_DRAWN: Final = {"name": "omp", "prunable": "cv_lth", "budget": "uniform"}
_CHANGES: Final = "transfer.fit.changes"


def rigl(scale: Scale = "paper") -> Study:
    """Ways and sparsities, seeds."""
    return compared(NAME, TITLE, scale, SPARSITIES)


def compared(name: str, title: str, scale: Scale, sparsities: Sequence[float], **parts: Any) -> Study:
    """Every way at these sparsities; ``parts`` are more of the study."""
    if scale == "paper":
        axes = _axes(sparsities, count=3, every=100)
        return study(name, scale, title, _from_scratch(), axes=axes, **parts)
    axes = _axes(sparsities, "target.seed", count=5, every=20)
    return study(name, scale, title, _pretrained(), axes=axes, **parts)


def _axes(sparsities: Sequence[float], *paths: str, count: int, every: int) -> dict[str, Any]:
    ways = {f"{way} {sparsity:.0%}": sets for sparsity in sparsities for way, sets in _ways(sparsity, every).items()}
    return {
        "way": {"dense": {"draw.sparsity": 0.0}, **ways},
        "repeat": repeats(*paths, count=count),
    }


def _ways(sparsity: float, every: int) -> dict[str, dict[str, Any]]:
    """What each sets: all start from one ticket but the gradual one, which starts dense and ends as sparse."""
    drawn = {"draw.sparsity": sparsity}
    moved = {"name": "regrow", "every": f"{every}it", "fraction": 0.3, "end": 0.75}
    risen = {
        "name": "prune",
        "sparsity": sparsity,
        "every": f"{every}it",
        "end": 0.5,
        "prunable": _DRAWN["prunable"],
        "budget": _DRAWN["budget"],
    }
    return {
        "random": {**drawn, "draw.name": "random"},
        "OMP": drawn,
        "gradual": {"draw.sparsity": 0.0, _CHANGES: [risen]},
        "RigL": {**drawn, _CHANGES: [moved]},
        "SET": {**drawn, _CHANGES: [{**moved, "grow": "random"}]},
    }  # fmt: skip


def _from_scratch() -> dict[str, Any]:
    """ResNet-50 with random weights, trained on ImageNet itself."""
    fit = {
        "epochs": "90ep",
        "batch": 1024,
        "optimizer": {"name": "sgd", "lr": 0.4, "weight_decay": 1e-4},
        "schedule": {"name": "milestones", "at": (1 / 3, 2 / 3, 8 / 9)},
        "warmup": "5ep",
    }
    transfer = {"name": "finetune", "fit": fit}
    return {"model": "torchvision:resnet50", "draw": dict(_DRAWN), "target": _paper.imagenet(), "transfer": transfer}


def _pretrained() -> dict[str, Any]:
    """The small scale's natural prior, finetuned on CIFAR-10."""
    return {**_small.base(), "draw": dict(_DRAWN), "target": _small.cifar10(), "transfer": _small.finetune("400it")}
