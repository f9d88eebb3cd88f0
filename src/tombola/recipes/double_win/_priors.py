"""What both recipes of Double-Win share: three pretrainings, tickets drawn upstream, two ways to train downstream."""

from collections.abc import Mapping
from typing import Any, Final

from tombola.recipes import _paper, _small
from tombola.recipes._scales import DRAWN_AGAINST, Net

LADDER: Final = [1 - 0.8**level for level in (0, 4, 7, 9, 11, 14, 17)]
"""Levels of 1 - 0.8^k: dense, 59.04, 79.03, 86.58, 91.41, 95.60, 97.75 %."""

SPARSITIES: Final = [0.0, *_small.LEVELS[:2]]


FAST: Final[Mapping[str, Any]] = {"name": "fast", "eps": _small.EPS}
"""Single steps, where the small scale cannot afford PGD."""


def paper(net: Net) -> dict[str, Any]:
    """Standard weights as torchvision has them, fast adversarial training here, the released linf 4/255."""
    fast = {"preset": "fast", "objective": {"name": "fast", "eps": 4 / 255}, "batch": 256}
    return {
        "standard": {"model": f"torchvision:{net}@IMAGENET1K_V1", DRAWN_AGAINST: "natural"},
        "fast": {"model": f"torchvision:{net}", "pretrain": fast, **_paper.AIMP},
        "adversarial": {"model": f"robust:{net}-linf-eps4", **_paper.AIMP},
    }


def small() -> dict[str, Any]:
    """The same three, of a ResNet-20 at 2/255."""
    return {
        "standard": {**_small.PRIORS["natural"], DRAWN_AGAINST: "natural"},
        "fast": {**_small.PRIORS["fast 2/255"], DRAWN_AGAINST: dict(FAST)},
        "adversarial": {**_small.PRIORS["linf 2/255"], **_small.AIMP},
    }


def paper_base(net: Net) -> dict[str, Any]:
    """Iterative pruning on ImageNet, the published recipe of a level."""
    drawn = {"name": "imp", "head": "pretrained", "fit": dict(_paper.UPSTREAM)}
    return {**_paper.base(net), "source": _paper.imagenet(), "pretrain_seed": 0, "draw_on": "source", "draw": drawn}


def small_base() -> dict[str, Any]:
    """Iterative pruning on the source, 40 steps a level."""
    return {**_small.base(), "draw_on": "source", "draw": _small.imp()}


def paper_training() -> dict[str, Any]:
    """Standard and adversarial transfer, as published."""
    return {
        "standard": {"transfer": {"name": "finetune", "fit": {"preset": "double-win"}}},
        "adversarial": {"transfer": {"name": "finetune", "fit": {"preset": "double-win-adversarial"}}},
    }


def small_training() -> dict[str, Any]:
    """Both in sixty steps of 50; the adversarial one against single steps."""
    return {
        "standard": {"transfer": _small.finetune("60it")},
        "adversarial": {"transfer": _small.finetune("60it", objective=dict(FAST))},
    }
