"""The small scale: ResNet-18 at 64 pixels, pretrained on a hundred classes of Tiny-ImageNet with and without labels.

The packs lie in the folder that ``TOMBOLA_DATA`` names, ``../shared/data`` when it names none. Every recipe pretrains
in the same way, five times a prior, so one store holds each once for all of them.
"""

from collections.abc import Mapping
from typing import Any, Final

from tombola.recipes import _small
from tombola.recipes._scales import repeats
from tombola.recipes.cv_tickets._priors import Prior

SPARSITIES: Final = (0.0, 0.59, 0.79, 0.89, 0.95)
SHOWN: Final = 0.79
LEVEL: Final = 1 - 0.8**7
"""The same as a level of iterative pruning."""
PRETRAININGS: Final = 5

OMP: Final[Mapping[str, Any]] = {"name": "omp", "prunable": "cv_lth"}
"""One threshold for all convolutions but the stem."""

_NET: Final = "torchvision:resnet18"
_SIDE: Final = 64
_UNLABELLED: Final = {
    "epochs": "60ep", "batch": 256, "drop_last": True, "schedule": "cosine", "warmup": "3ep",
    "optimizer": {"name": "sgd", "lr": 0.12, "weight_decay": 5e-4},
}  # fmt: skip
_LEVEL: Final = {"epochs": "1ep", "batch": 256, "drop_last": True, "schedule": "constant", "optimizer": {"lr": 0.01}}
_MOCO: Final = {"objective": {"name": "moco", "queue": 4096, "momentum": 0.99}}


def known() -> dict[str, Prior]:
    """With labels 30 epochs, without 60; a level of iterative pruning is one more."""
    pictures = {**_small.pack("tiny_imagenet/tiny_imagenet100"), "size": _SIDE}
    views = {"name": "contrastive", "data": pictures}
    labelled = {**_small.base()["pretrain"], "epochs": "30ep"}
    return {
        "supervised": Prior(_NET, pictures, {**_LEVEL, "batch": 128}, labelled),
        "simclr": Prior(_NET, views, _LEVEL, _UNLABELLED),
        "moco": Prior(_NET, views, {**_LEVEL, **_MOCO}, {**_UNLABELLED, **_MOCO}),
    }


def priors(level: str = "") -> dict[str, Any]:
    """An axis of the three."""
    return {name: prior.sets(level) for name, prior in known().items()}


def with_floor() -> dict[str, Any]:
    """... and below them of a net that saw no image, and of tickets by chance; for one-shot tickets."""
    supervised = known()["supervised"].sets()
    return {
        **priors(),
        "untrained": {**supervised, "pretrain": None},
        "random ticket": {**supervised, "draw.name": "random"},
    }


def several(*paths: str) -> dict[str, Any]:
    """An axis of five pretrainings."""
    return repeats("pretrain_seed", *paths, count=PRETRAININGS)


def imp(**options: Any) -> dict[str, Any]:
    """Iterative pruning; what a level trains the prior says."""
    return {**OMP, "name": "imp", "head": "pretrained", **options}


def classifying(*names: str) -> dict[str, Any]:
    """An axis of packs at 64 pixels."""
    found = {
        "cifar10": _small.pack("cifar10/cifar10", val_fraction=0.05),
        "caltech101": _small.pack("caltech101/caltech101_96"),
        "dtd10": _small.pack("dtd10/dtd10_112"),
    }
    return {name: {"target": {**found[name], "size": _SIDE}} for name in names or found}


def finetune() -> dict[str, Any]:
    """Whole-model finetuning in 300 steps of 50."""
    return _small.finetune("300it")


def detecting() -> dict[str, Any]:
    """Blood cells: red, white, platelets."""
    fit = {
        "epochs": "6ep", "batch": 8, "warmup": "1ep", "schedule": "cosine",
        "optimizer": {"name": "adamw", "lr": 5e-4}, "head_lr": 2e-3,
    }  # fmt: skip
    return {
        "target": {"name": f"detection:box_pack:{_small.place('bccd/bccd256').parent}"},
        "transfer": {"name": "finetune", "fit": fit},
        "measure": ["average_precision"],
    }


def segmenting() -> dict[str, Any]:
    """CamVid's street scenes; its rare classes count as much as the common ones."""
    scenes = {"name": f"segmentation:scene_pack:{_small.place('camvid/camvid240')}", "height": 96, "width": 128}
    fit = {
        "preset": "cv-lth-segmentation", "epochs": "6ep", "batch": 8, "validate_every": "1ep",
        "optimizer": {"name": "sgd", "lr": 0.01}, "head_lr": 0.05,
    }  # fmt: skip
    return {
        "target": {**scenes, "scale": [0.75, 1.5], "class_weights": "balanced", "headline": "mean_iou"},
        "transfer": {"name": "finetune", "fit": fit},
        "measure": ["mean_iou"],
    }
