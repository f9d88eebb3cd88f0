"""The papers' scale: the released ImageNet classifiers, the twelve transfer sets at 224 pixels, 150 epochs.

Where the paper leaves something open, the choice stands here with its reason beside it.
"""

from collections.abc import Mapping
from typing import Any, Final

from tombola.recipes._scales import DRAWN_AGAINST, Net, against, pgd

TARGETS: Final = (
    "aircraft", "birdsnap", "caltech101", "caltech256", "cars", "cifar10", "cifar100", "dtd", "flowers102", "food101",
    "pets", "sun397",
)  # fmt: skip
LINEAR: Final = {"name": "linear_sgd", "fit": {"preset": "salman", "optimizer": {"name": "sgd", "lr": 0.01}}}
"""A new classifier by SGD, 150 epochs; batch norm's statistics as the transfer's own default has them."""


def base(net: Net) -> dict[str, Any]:
    """One-shot tickets of every convolution, one threshold for all; weights as released."""
    return {"model": f"robust:{net}-l2-eps0", "draw": {"name": "omp", "sparsity": 0.9}}


def priors(net: Net) -> dict[str, Any]:
    """Natural, and the L2 eps that transferred best to the task as Salman et al. measured it."""
    return {
        "natural": {"model": f"robust:{net}-l2-eps0"},
        "robust": {"model": f"robust:{net}-l2-eps=best"},
    }


def several_eps(net: Net) -> dict[str, Any]:
    """Natural and a weak, a middling and a strong robust prior: the best eps of Salman et al. is 0 for some tasks."""
    return {"natural": {"model": f"robust:{net}-l2-eps0"}} | {
        f"l2 {eps}": {"model": f"robust:{net}-l2-eps{eps}"} for eps in ("0.05", "0.5", "3")
    }


def smoothed(net: Net) -> dict[str, Any]:
    """Trained on Gaussian noise as Cohen et al. did: their files are of ResNet-50, so the prior is trained here."""
    return {
        "model": f"torchvision:{net}",
        "source": imagenet(),
        "pretrain": {"preset": "cohen", "objective": {"name": "noise", "sigma": 0.5}},
    }


def imagenet() -> dict[str, Any]:
    """The source task."""
    return {"name": "imagenet", "size": 224}


def cifar(name: str, **options: Any) -> dict[str, Any]:
    """CIFAR at 224 pixels, as Salman et al. and Double-Win have it."""
    return {**target(name), **options}


def cifars() -> dict[str, Any]:
    """An axis of the two."""
    return {name: {"target": cifar(name)} for name in ("cifar10", "cifar100")}


def target(name: str) -> dict[str, Any]:
    """A transfer set by name; test images are 256 pixels cut to 224, as Salman et al. have them."""
    return {"name": name, "size": 224, "crop": 0.875}


def targets(*names: str) -> dict[str, Any]:
    """An axis of transfer sets."""
    return {name: {"target": target(name)} for name in names}


def finetune(**fit: Any) -> dict[str, Any]:
    """Whole-model finetuning: 150 epochs, batch 64, a tenth of the rate at 50 and 100, weight decay 1e-4."""
    return {"name": "finetune", "fit": {"preset": "dac", **fit}}


def imp(task: str, fit: Mapping[str, Any]) -> dict[str, Any]:
    """Iterative pruning, a fifth of what is left a level, on ``source`` or ``target``."""
    head = "pretrained" if task == "source" else "fresh"
    return {"draw_on": task, "draw": {"name": "imp", "head": head, "fit": dict(fit)}}


UPSTREAM: Final[Mapping[str, Any]] = {"preset": "double-win-imp"}
DOWNSTREAM: Final[Mapping[str, Any]] = {"preset": "cv-lth-small", "optimizer": {"name": "sgd", "lr": 0.01}}
"""The paper gives no recipe for its levels: Double-Win's upstream, CV_LTH's downstream at a pretrained net's rate."""


AIMP: Final[Mapping[str, Any]] = {DRAWN_AGAINST: against(pgd(8 / 255, 3, 16 / 765))}
"""Pruning against PGD-3, as Double-Win does upstream."""


def attacked() -> dict[str, Any]:
    """Adversarial accuracy against PGD-20, linf 8/255, steps of 2/255."""
    return {"name": "adversarial_accuracy", "attack": pgd(8 / 255, 20, 2 / 255)}
