"""The parts of ToST as settings of a cell, each alone, all, and all but each; and what both recipes begin from."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tombola.recipes import _small
from tombola.recipes._scales import Scale

SOFT: Final[Mapping[str, Any]] = {"name": "soft_activations"}
GHOSTS: Final[Mapping[str, Any]] = {"name": "ghost_skips"}

_CHANGES: Final = "transfer.fit.changes"


def arm(*parts: str) -> dict[str, Any]:
    """What a training with these parts sets, of soft, ghost, smoothing and scaling."""
    changes = [change for name, change in (("soft", SOFT), ("ghost", GHOSTS)) if name in parts]
    smoothed = {"target.label_smoothing": 0.1, "target.smoothing_over": "others"} if "smoothing" in parts else {}
    rewind = {"draw.rewind": "rescaled"} if "scaling" in parts else {}
    return {_CHANGES: [dict(change) for change in changes], **smoothed, **rewind}


def one_level(score: str, sparsity: float) -> dict[str, Any]:
    """Masks by a score on random weights, which the ticket keeps; the same share in every layer, the stem spared."""
    return {
        "name": "imp",
        "ladder": {"name": "listed", "sparsities": [sparsity]},
        "level": 1,
        "rewind": "initial",
        "score": score,
        "budget": "global" if score == "synflow" else "uniform",
        "prunable": "cv_lth",
    }


def base(scale: Scale) -> dict[str, Any]:
    """Random nets, trained on CIFAR-10 alone: by the recipe of the paper, or in thirty epochs of 18,000 images."""
    transfer = {"name": "finetune", "fit": _fit(scale)}
    if scale == "paper":
        return {"model": "resnet32", "draw_on": "target", "target": "cifar10", "transfer": transfer}
    return {"model": "resnet20", "draw_on": "target", "target": _small.cifar10(num_train=18_000), "transfer": transfer}


def labelled(sparsities: Sequence[float]) -> dict[str, float]:
    """Sparsities by what they are called."""
    return {f"{sparsity:.0%}": sparsity for sparsity in sparsities}


def _fit(scale: Scale) -> dict[str, Any]:
    if scale == "paper":
        return {"preset": "tost", "changes": []}
    return {
        "preset": "tost",
        "changes": [],
        "epochs": "30ep",
        "optimizer": {"name": "sgd", "lr": 0.1, "momentum": 0.9, "weight_decay": 2e-4},
    }
