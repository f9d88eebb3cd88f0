"""CV tickets, detection: up to which sparsity do tickets of supervised and self-supervised priors match?

What: tickets of three priors under a fresh detection head, finetuned to tell boxes, beside the dense prior; by average
    precision.
When: the claim that such tickets exist for detection too, and how early they end beside classification.
Faithful: as cv-tickets/classification; VOC 2007 and 2012 against 2007's test at 416 pixels, 120 epochs, AP over all
    overlaps. An anchor-free head on three maps, by AdamW, where theirs is YOLOv4 by SGD; every part of the body is
    rewound, where their code rewinds its convolutions alone.
Scaled: as cv-tickets/classification; blood cells (BCCD, 205 images at 256x192, three classes), six epochs.
Cost: at scale=small some 9 hours of one core, once the priors are pretrained.
Reference: Chen et al., CVPR 2021, arXiv 2012.06908.
"""

from typing import Any

from tombola.recipes._scales import Scale, study
from tombola.recipes.cv_tickets import _paper, _small
from tombola.study.study import Study

NAME = "cv-tickets-detection"
TITLE = "Up to which sparsity do tickets of three priors match? Detection"


def detection(scale: Scale = "paper") -> Study:
    """Priors, sparsities, pretrainings."""
    if scale == "paper":
        axes: dict[str, Any] = {
            "prior": _paper.priors(),
            "draw.sparsity": [0.0, *_paper.LADDER],
            "repeat": _paper.several(),
        }
        return study(NAME, scale, TITLE, {**_paper.base(), **_paper.detecting()}, axes=axes)
    axes = {
        "prior": _small.with_floor(),
        "draw.sparsity": list(_small.SPARSITIES),
        "repeat": _small.several(),
    }
    return study(NAME, scale, TITLE, {"draw": dict(_small.OMP), **_small.detecting()}, axes=axes)
