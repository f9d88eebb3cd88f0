"""CV tickets, universal: does the ticket drawn on what a prior was pretrained on serve as well as each target's own?

What: tickets of 79.03 % drawn level by level on the prior's source, and on each target, both finetuned on that target;
    beside them the dense prior and a random mask.
When: the claim that source tickets are universal: at 59.04 to 96.48 % they serve classification, detection and
    segmentation as well as the targets' own.
Faithful: as cv-tickets/classification; on a target a level is a whole finetuning of it. Small sets of images alone.
Scaled: as cv-tickets/classification, tickets level by level: an epoch of the source a level, 100 steps of 16 images of
    the target; CIFAR-10, Caltech-101, ten textures, CamVid and blood cells.
Cost: at scale=small some 60 hours of one core, once the priors are pretrained.
Reference: Chen et al., CVPR 2021, arXiv 2012.06908, universal tickets.
"""

from typing import Any, Final

from tombola.recipes._scales import Scale, study
from tombola.recipes.cv_tickets import _paper, _small
from tombola.study.study import Study

NAME: Final = "cv-tickets-universal"
TITLE: Final = "Does the source's ticket serve as well as the target's own?"
_TARGETS_LEVEL: Final = {
    "epochs": "100it", "batch": 16, "schedule": "constant", "optimizer": {"name": "adamw", "lr": 5e-4},
}  # fmt: skip


def universal(scale: Scale = "paper") -> Study:
    """Priors, where tickets are drawn, targets, pretrainings."""
    if scale == "paper":
        own = _paper.imp(head="fresh", fit=_paper.finetune()["fit"], sparsity=_paper.SHOWN)
        axes: dict[str, Any] = {
            "prior": _paper.priors(),
            "drawn on": _drawn(own, _paper.SHOWN),
            "task": _paper.classifying(),
            "repeat": _paper.several(),
        }
        base = {**_paper.base(), "draw": _paper.imp(sparsity=_paper.SHOWN)}
        return study(NAME, scale, TITLE, base, transfer=_paper.finetune(), axes=axes)
    own = _small.imp(head="fresh", fit=_TARGETS_LEVEL, sparsity=_small.LEVEL)
    axes = {
        "prior": _small.priors("draw.fit"),
        "drawn on": _drawn(own, _small.LEVEL),
        "task": {**_small.classifying(), "camvid": _small.segmenting(), "blood cells": _small.detecting()},
        "repeat": _small.several(),
    }
    return study(NAME, scale, TITLE, {"draw": _small.imp(sparsity=_small.LEVEL)}, transfer=_small.finetune(), axes=axes)


def _drawn(own: dict[str, Any], sparsity: float) -> dict[str, Any]:
    """The source's ticket is the base's; the others are set whole."""
    omp = {"name": "omp", "prunable": "cv_lth"}
    return {
        "dense": {"draw": {**omp, "sparsity": 0.0}},
        "source": {"draw_on": "source"},
        "target": {"draw_on": "target", "draw": own},
        "by chance": {"draw": {**omp, "name": "random", "sparsity": sparsity}},
    }
