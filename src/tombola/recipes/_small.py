"""The small scale: our ResNet-20 at 32x32, pretrained on a hundred classes of Tiny-ImageNet, and packs as targets.

The packs lie in the folder that ``TOMBOLA_DATA`` names, ``../shared/data`` when it names none. Every recipe pretrains
in the same way, so one store holds each prior once for all of them.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tombola.errors import DataError
from tombola.recipes._scales import DRAWN_AGAINST, against, pgd

EPS: Final = 2 / 255
"""What adversarial accuracy is measured at: ResNet-20 cannot hold 8/255."""

SPARSITIES: Final = (0.0, 0.8, 0.9, 0.95, 0.98)
LEVELS: Final = (0.59, 0.832, 0.931)
"""Where the ladders of iterative schemes are looked at; they are levels of 1 - 0.8^k to three digits."""

OMP: Final[Mapping[str, Any]] = {"name": "omp", "prunable": "cv_lth", "budget": "uniform"}
"""The same share in every layer and the stem spared: a global threshold empties whole layers of so small a net."""

PRIORS: Final[Mapping[str, Mapping[str, Any]]] = {
    "natural": {"pretrain.objective": "natural"},
    "linf 0.5/255": {"pretrain.objective": {"name": "fast", "eps": 0.5 / 255}},
    "linf 1/255": {"pretrain.objective": {"name": "fast", "eps": 1 / 255}},
    "linf 2/255": {"pretrain.objective": against(pgd(EPS, 3, EPS / 2))},
    "linf 4/255": {"pretrain.objective": {"name": "fast", "eps": 4 / 255}},
    "l2 0.1": {"pretrain.objective": against(pgd(0.1, 1, 0.125, norm="l2"))},
    "l2 0.25": {"pretrain.objective": against(pgd(0.25, 1, 0.3125, norm="l2"))},
    "smoothing 0.12": {"pretrain.objective": {"name": "noise", "sigma": 0.12}},
    "fast 2/255": {"pretrain.objective": {"name": "fast", "eps": EPS}},
}
"""From nearly none to large: single-step training but for 2/255, which is PGD-3 as in the paper."""


SWEEP: Final = ("natural", "linf 0.5/255", "linf 1/255", "linf 2/255", "l2 0.25")
"""The radii that are compared on every target."""


def priors(*names: str) -> dict[str, Any]:
    """An axis of these priors."""
    return {name: dict(PRIORS[name]) for name in names}


UNTRAINED: Final[Mapping[str, Mapping[str, Any]]] = {"untrained": {"pretrain": None, "pretrain_seed": None}}
"""A net that saw no image before the target's, another one for each seed: what any pretraining must beat."""

FLOOR: Final[Mapping[str, Mapping[str, Any]]] = {
    **UNTRAINED,
    "random ticket": {**PRIORS["natural"], "draw.name": "random"},
}
"""What a ticket must beat: weights never trained, and weights kept by chance, as many in every layer."""


def with_floor(*names: str) -> dict[str, Any]:
    """An axis of these priors and, below them, of what they must beat; for one-shot tickets."""
    return priors(*names) | {name: dict(sets) for name, sets in FLOOR.items()}


def base() -> dict[str, Any]:
    """Model, source task and pretraining; pretrained once, so that seeds vary what comes after."""
    return {
        "model": "resnet20",
        "source": pack("tiny_imagenet/tiny_imagenet100"),
        "pretrain": {
            "epochs": "12ep",
            "batch": 128,
            "optimizer": {"name": "sgd", "lr": 0.1},
            "schedule": "one_cycle",
        },
        "pretrain_seed": 0,
        "draw": dict(OMP),
    }


def pack(name: str, **options: Any) -> dict[str, Any]:
    """The options of a pack at 32x32."""
    return {"name": f"pack:{place(name)}", "size": 32, **options}


def texts() -> Path:
    """The zip with GLUE's sets and WikiText; a missing folder raises a `DataError` that says what to do.

    That the sets are in it they look for themselves.
    """
    found = _folder() / "nlp" / "nlp_small.zip"
    if not found.parent.is_dir():
        raise DataError(
            f"scale=small reads sets of texts, and {found} is not there; set TOMBOLA_DATA to the folder that holds"
            " nlp/, or run `tombola run bert-tickets/demo`, which needs no data"
        )
    return found


def place(name: str) -> Path:
    """Where a pack lies; missing packs raise a `DataError` that says what to do."""
    folder = _folder()
    if not (folder / name).parent.is_dir():
        raise DataError(
            f"scale=small reads packs of real images, and {folder / name} is not there; set TOMBOLA_DATA to the folder"
            " that holds them (docs/how-to/own-pictures.md says how a pack is made), or run `tombola run demo`,"
            " which needs no data"
        )
    return folder / name


def _folder() -> Path:
    return Path(os.environ.get("TOMBOLA_DATA", "../shared/data"))


def cifar10(**options: Any) -> dict[str, Any]:
    """2,000 images of CIFAR-10, and the whole test set."""
    return pack("cifar10/cifar10", **{"num_train": 2000, **options})


def targets() -> dict[str, Any]:
    """An axis of the five packs that tickets are transferred to."""
    return {
        "cifar10": {"target": cifar10()},
        "fashion-mnist": {"target": pack("fashion_mnist/fashion_mnist", num_train=2000)},
        "caltech101": {"target": pack("caltech101/caltech101_96")},
        "dtd10": {"target": pack("dtd10/dtd10_112")},
        "imagenette": {"target": pack("imagenette/imagenette224")},
    }


def finetune(length: str = "100it", **options: Any) -> dict[str, Any]:
    """Whole-model finetuning in a few steps."""
    fit = {"epochs": length, "batch": 50, "optimizer": {"name": "sgd", "lr": 0.02}, "schedule": "cosine", **options}
    return {"name": "finetune", "fit": fit}


def imp() -> dict[str, Any]:
    """Iterative pruning on the source task, a third of an epoch a level."""
    training = {"epochs": "40it", "batch": 128, "optimizer": {"name": "sgd", "lr": 0.01}, "schedule": "constant"}
    ladder = {"name": "listed", "sparsities": [0.36, 0.59, 0.738, 0.832, 0.893, 0.931]}
    return {**OMP, "name": "imp", "ladder": ladder, "head": "pretrained", "fit": training}


def imp_downstream() -> dict[str, Any]:
    """The same on the target task, two epochs a level, with a fresh head."""
    training = {"epochs": "2ep", "batch": 64, "optimizer": {"name": "sgd", "lr": 0.01}, "schedule": "constant"}
    return {**imp(), "head": "fresh", "fit": training}


AIMP: Final[Mapping[str, Any]] = {DRAWN_AGAINST: against(pgd(EPS, 3, EPS / 2))}
"""Pruning against PGD-3."""


def attacked(samples: int = 500) -> dict[str, Any]:
    """Adversarial accuracy against PGD-20."""
    return {"name": "adversarial_accuracy", "attack": pgd(EPS, 20, EPS / 4), "samples": samples}
