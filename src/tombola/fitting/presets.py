"""Recipes as data, named after their source. An option given beside a preset wins over the preset's.

Milestones are fractions, so that a recipe keeps its shape when ``epochs`` is shortened: a third of 150 epochs is 50.
Image sizes and augmentation belong to the task, attacks other than the published ones to the objective.
"""

from collections.abc import Mapping
from typing import Any, Final

from tombola.errors import UnknownName, near

_THIRDS: Final = {"name": "milestones", "at": (1 / 3, 2 / 3)}


def _sgd(lr: float, weight_decay: float) -> dict[str, object]:
    return {"name": "sgd", "lr": lr, "momentum": 0.9, "weight_decay": weight_decay}


def _adamw(lr: float) -> dict[str, object]:
    return {"name": "adamw", "lr": lr, "eps": 1e-8, "weight_decay": 0.0}


def _pgd(steps: int, step: float) -> dict[str, object]:
    return {"name": "adversarial", "attack": {"name": "pgd", "eps": 8 / 255, "steps": steps, "step": step}}


PRESETS: Final[Mapping[str, Mapping[str, object]]] = {
    # Fu et al., DAC 2023: whole-model finetuning; the rate is not given there, Salman et al. use 0.01 or 0.001.
    "dac": {"epochs": "150ep", "batch": 64, "optimizer": _sgd(0.01, 1e-4), "schedule": _THIRDS},
    # The same, segmentation: 30,000 iterations, lowered at 18,000 and 22,000. The rate is not given there: Chen et al.
    # (CV_LTH) use 0.001 for the body and 0.01 for the head; one rate for both here, the head's.
    "dac-segmentation": {
        "epochs": "30000it",
        "batch": 4,
        "optimizer": _sgd(0.01, 1e-4),
        "schedule": {"name": "milestones", "at": (18 / 30, 22 / 30)},
    },
    # Salman et al., NeurIPS 2020, code: transfer of robust ImageNet models; rate 0.01 or 0.001.
    "salman": {"epochs": "150ep", "batch": 64, "optimizer": _sgd(0.01, 5e-4), "schedule": _THIRDS},
    # Iofinova et al., CVPR 2022, code: 0.001, and 0.01 for Aircraft and Cars.
    "iofinova": {"epochs": "150ep", "batch": 64, "optimizer": _sgd(0.001, 5e-4), "schedule": _THIRDS},
    # Chen et al. (Double-Win), ICML 2022, scripts: downstream, natural and adversarial.
    "double-win": {
        "epochs": "150ep",
        "batch": 64,
        "optimizer": _sgd(0.001, 5e-4),
        "schedule": _THIRDS,
        "select": "best_val",
    },
    "double-win-adversarial": {
        "objective": _pgd(10, 2 / 255),
        "epochs": "100ep",
        "batch": 128,
        "optimizer": _sgd(0.1, 5e-4),
        "schedule": {"name": "milestones", "at": (50 / 100, 75 / 100)},
        "select": "best_val",
    },
    "double-win-svhn": {
        "objective": _pgd(10, 2 / 255),
        "epochs": "80ep",
        "batch": 128,
        "optimizer": _sgd(0.01, 5e-4),
        "schedule": "cosine",
        "select": "best_val",
    },
    # The same, one level of iterative pruning on ImageNet.
    "double-win-imp": {"epochs": "30ep", "batch": 2048, "optimizer": _sgd(5e-4, 1e-4), "schedule": "constant"},
    "double-win-imp-adversarial": {
        "objective": _pgd(3, 16 / 765),
        "epochs": "30ep",
        "batch": 2048,
        "optimizer": _sgd(5e-4, 1e-4),
        "schedule": "constant",
    },
    # Chen et al. (CV_LTH_Pre-training), CVPR 2021, scripts: small images, and one level of pruning on ImageNet.
    "cv-lth-small": {
        "epochs": "182ep",
        "batch": 256,
        "drop_last": True,
        "optimizer": _sgd(0.1, 2e-4),
        "schedule": {"name": "milestones", "at": (91 / 182, 136 / 182)},
        "warmup": "1ep",
        "select": "best_val",
    },
    # The same, PASCAL VOC 2012 segmentation: the body at a tenth of the head's rate. Theirs judges on the test images
    # every 100 steps; ours on validation images held out, so write headline=mean_iou beside it, on the task.
    "cv-lth-segmentation": {
        "epochs": "30000it",
        "batch": 4,
        "optimizer": _sgd(0.001, 1e-4),
        "head_lr": 0.01,
        "schedule": {"name": "poly", "power": 0.9, "last": 1e-4},
        "select": "best_val",
        "validate_every": "1000it",
    },
    "cv-lth-imp": {"epochs": "10ep", "batch": 256, "optimizer": _sgd(1e-4, 1e-4), "schedule": "constant"},
    # Frankle et al. (open_lth), defaults for ResNet-20 on CIFAR-10.
    "open-lth": {
        "epochs": "160ep",
        "batch": 128,
        "optimizer": _sgd(0.1, 1e-4),
        "schedule": {"name": "milestones", "at": (80 / 160, 120 / 160)},
    },
    # Jaiswal et al. (ToST), ICML 2022, code: a sparse net from random weights; task.label_smoothing=0.1 with
    # task.smoothing_over=others beside it. That the aids go by half of the training is ours: the code keeps them.
    "tost": {
        "epochs": "182ep",
        "batch": 128,
        "optimizer": _sgd(0.1, 2e-4),
        "schedule": {"name": "milestones", "at": (90 / 182, 135 / 182)},
        "changes": [{"name": "soft_activations"}, {"name": "ghost_skips"}],
    },
    # Wong et al., ICLR 2020, code: CIFAR-10 in 15 epochs; its objective is chosen beside it.
    "fast": {
        "epochs": "15ep",
        "batch": 128,
        "optimizer": _sgd(0.2, 5e-4),
        "schedule": {"name": "one_cycle", "peak": 0.4},
    },
    # Zhang et al. (TRADES), ICML 2019, code: CIFAR-10 with WRN-34-10.
    "trades": {
        "objective": {"name": "trades", "beta": 6.0, "eps": 0.031, "steps": 10, "step": 0.007},
        "epochs": "76ep",
        "batch": 128,
        "optimizer": _sgd(0.1, 2e-4),
        "schedule": {"name": "milestones", "at": (75 / 76,)},
    },
    # Cohen et al., ICML 2019, code: ImageNet with Gaussian noise; its objective is chosen beside it.
    "cohen": {"epochs": "90ep", "batch": 400, "optimizer": _sgd(0.1, 1e-4), "schedule": _THIRDS},
    # Chen et al. (BERT-Tickets), NeurIPS 2020, code: BERT-base on GLUE; small encoders want a rate near 1e-4.
    "glue": {"epochs": "3ep", "batch": 32, "optimizer": _adamw(2e-5), "schedule": "linear", "clip": 1.0},
    # The same, SQuAD 1.1: two epochs in the paper's table, four in the code's own command.
    "squad": {"epochs": "2ep", "batch": 16, "optimizer": _adamw(3e-5), "schedule": "linear", "clip": 1.0},
    # Zhu et al. (FreeLB), ICLR 2020: the same on the points of a way uphill in an L2 ball around a text's embeddings.
    "freelb": {
        "objective": {"name": "freelb", "radius": 0.7, "steps": 3, "step": 0.1},
        "epochs": "3ep",
        "batch": 32,
        "optimizer": _adamw(2e-5),
        "schedule": "linear",
        "clip": 1.0,
    },
    # Chen et al. (BERT-Tickets), one level of pruning on masked language modelling.
    "mlm": {"epochs": "10000it", "batch": 16, "optimizer": _adamw(5e-5), "schedule": "linear", "clip": 1.0},
    # Chen et al. (SimCLR), ICML 2020: ImageNet at a batch of 256, the rate 0.3 by batch / 256; on the task contrastive,
    # which has its temperature.
    "simclr": {
        "epochs": "100ep",
        "batch": 256,
        "drop_last": True,
        "optimizer": {"name": "lars", "lr": 0.3, "momentum": 0.9, "weight_decay": 1e-6},
        "schedule": "cosine",
        "warmup": "10ep",
    },
    # Chen et al. (MoCo v2), arXiv 2003.04297: eight devices of 32 images are eight parts here. Small sets want momentum
    # 0.99 and a shorter queue: this one would hold each of their images several times.
    "moco-v2": {
        "objective": {"name": "moco", "queue": 65536, "momentum": 0.999, "temperature": 0.2, "parts": 8},
        "epochs": "200ep",
        "batch": 256,
        "drop_last": True,
        "optimizer": _sgd(0.03, 1e-4),
        "schedule": "cosine",
    },
}

_NAMED: Final = ("objective", "optimizer", "schedule")


def expanded(options: Mapping[str, Any], beneath: Mapping[str, object]) -> dict[str, Any]:
    """``options`` with the preset they name, and then ``beneath``, filled in where they say nothing.

    Options of an optimizer, schedule or objective are merged one by one when they name the same member, or none.
    """
    given = {name: value for name, value in options.items() if not (name == "preset" and value is None)}
    name = given.pop("preset", None)
    if name is None:
        return over(beneath, given)
    if name not in PRESETS:
        known = sorted(PRESETS)
        raise UnknownName(f"unknown preset {name!r}{near(str(name), known)} (there are: {', '.join(known)})")
    return over(over(beneath, PRESETS[name]), given)


def over(lower: Mapping[str, Any], upper: Mapping[str, Any]) -> dict[str, Any]:
    """The options of both, those of ``upper`` where both say something; members as `expanded` merges them.

    >>> over({"batch": 32, "optimizer": {"name": "sgd", "lr": 0.1}}, {"optimizer": {"lr": 0.5}})
    {'batch': 32, 'optimizer': {'name': 'sgd', 'lr': 0.5}}
    """
    merged = {**lower, **upper}
    for field in _NAMED:
        if field in upper and field in lower:
            merged[field] = _member(lower[field], upper[field])
    return merged


def _member(lower: Any, upper: Any) -> Any:
    base, upper = ({"name": value} if isinstance(value, str) else value for value in (lower, upper))
    if not isinstance(upper, Mapping) or not isinstance(base, Mapping):
        return upper
    return {**base, **upper} if upper.get("name", base["name"]) == base["name"] else upper
