"""CV_LTH's scale: ResNet-50 of ImageNet, pretrained with labels, by SimCLR and by MoCo v2; planned without any data.

The published bodies of SimCLR and MoCo are files, and a plan would have to read them; so both are pretrained here by
their presets. ``--set prior.moco.model.name=path:moco_v2_800ep_pretrain.pth.tar --set
prior.moco.model.arch=torchvision:resnet50 --set prior.moco.pretrain=null`` begins at the published one; what
``structure`` compares with, further pretrainings, stays as it is here. SimCLR's views blur half of the images, where
CV_LTH's levels blur none; MoCo's are v2's. At each level the queue and the optimizer begin anew, where CV_LTH keeps
them.
"""

from collections.abc import Mapping
from typing import Any, Final

from tombola.recipes import _paper
from tombola.recipes._scales import repeats
from tombola.recipes.cv_tickets._priors import Prior

LEVELS: Final = tuple(1 - 0.8**level for level in range(1, 19))
"""Of iterative pruning, to 98.20 %; written out, so that a level is one stage whatever ladder it is on."""
LADDER: Final = tuple(LEVELS[level - 1] for level in (4, 7, 10, 13, 15, 18))
"""Those looked at: 59.04, 79.03, 89.26, 94.50, 96.48 and 98.20 %."""
SHOWN: Final = LADDER[1]
"""Where the paper's pictures are taken, and universality is asked for."""

_NET: Final = "torchvision:resnet50"
_VIEWS: Final = {"name": "contrastive:imagenet", "size": 224}

PRIORS: Final[Mapping[str, Prior]] = {
    "supervised": Prior(f"{_NET}@IMAGENET1K_V1", _paper.imagenet(), {"preset": "cv-lth-imp"}),
    "simclr": Prior(
        _NET,
        {**_VIEWS, "temperature": 0.5},
        {
            "preset": "simclr", "epochs": "10ep", "warmup": "0it", "schedule": "constant",
            "optimizer": {"name": "lars", "lr": 1e-4},
        },
        {"preset": "simclr"},
    ),
    "moco": Prior(
        _NET,
        {**_VIEWS, "smallest": 0.2, "strength": 0.5},
        {"preset": "moco-v2", "epochs": "10ep", "schedule": "constant", "optimizer": {"name": "sgd", "lr": 3e-4}},
        {"preset": "moco-v2"},
    ),
}  # fmt: skip


def base() -> dict[str, Any]:
    """Iterative pruning on the source: a fifth of what is left a level, every convolution but the stem, rewound."""
    return {"draw_on": "source", "draw": imp()}


def imp(**options: Any) -> dict[str, Any]:
    """Its options; what a level trains the prior says."""
    ladder = {"name": "listed", "sparsities": list(LEVELS)}
    return {"name": "imp", "prunable": "cv_lth", "head": "pretrained", "ladder": ladder, **options}


def priors(level: str = "draw.fit") -> dict[str, Any]:
    """An axis of the three."""
    return {name: prior.sets(level) for name, prior in PRIORS.items()}


def several(*paths: str) -> dict[str, Any]:
    """An axis of three runs, each from its pretraining on."""
    return repeats("pretrain_seed", *paths)


def classifying() -> dict[str, Any]:
    """An axis of small sets at 224 pixels."""
    return {
        name: {"target": {**_paper.target(name), "crop": 1.0} if name != "svhn" else {"name": "svhn", "size": 224}}
        for name in ("cifar10", "cifar100", "svhn")
    }


def finetune() -> dict[str, Any]:
    """182 epochs, at a pretrained net's rate."""
    return {"name": "finetune", "fit": dict(_paper.DOWNSTREAM)}


def detecting() -> dict[str, Any]:
    """PASCAL VOC's boxes, 2007 and 2012 against 2007's test."""
    target = {"name": "detection:voc0712", "height": 416, "width": 416, "augment_with": "flip_scale"}
    fit = {
        "epochs": "120ep", "batch": 16, "warmup": "2ep", "schedule": "cosine", "select": "best_val",
        "validate_every": "5ep", "optimizer": {"name": "adamw", "lr": 1e-4, "weight_decay": 5e-4}, "head_lr": 5e-4,
    }  # fmt: skip
    return {
        "target": target,
        "transfer": {"name": "finetune", "fit": fit},
        "measure": ["average_precision"],
    }


def segmenting() -> dict[str, Any]:
    """PASCAL VOC 2012's scenes."""
    scenes = {"name": "segmentation:voc", "size": 513, "decoder": "deeplab", "output_stride": 16}
    return {
        "target": {**scenes, "headline": "mean_iou"},
        "transfer": {"name": "finetune", "fit": {"preset": "cv-lth-segmentation"}},
        "measure": ["mean_iou"],
    }
