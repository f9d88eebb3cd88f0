"""CV tickets, segmentation: up to which sparsity do tickets of supervised and self-supervised priors match?

What: tickets of three priors as the body of a segmentation net, finetuned, beside the dense prior; by mean IoU.
When: the claim that such tickets exist for segmentation too, and how early they end beside classification.
Faithful: as cv-tickets/classification; VOC 2012 train against val at 513 pixels, a DeepLab head at output stride 16,
    30,000 iterations of batch 4, the body at a tenth of the head's rate, both down by a power of 0.9. The best weights
    are those of held-out training images, where theirs are those of the test images.
Scaled: as cv-tickets/classification; CamVid's street scenes (11 classes) at 96x128, a plain convolutional head, six
    epochs, classes weighted by how rare they are.
Cost: at scale=small some 8 hours of one core, once the priors are pretrained.
Reference: Chen et al., CVPR 2021, arXiv 2012.06908.
"""

from typing import Any

from tombola.recipes._scales import Scale, study
from tombola.recipes.cv_tickets import _paper, _small
from tombola.study.study import Study

NAME = "cv-tickets-segmentation"
TITLE = "Up to which sparsity do tickets of three priors match? Segmentation"


def segmentation(scale: Scale = "paper") -> Study:
    """Priors, sparsities, pretrainings."""
    if scale == "paper":
        axes: dict[str, Any] = {
            "prior": _paper.priors(),
            "draw.sparsity": [0.0, *_paper.LADDER],
            "repeat": _paper.several(),
        }
        return study(NAME, scale, TITLE, {**_paper.base(), **_paper.segmenting()}, axes=axes)
    axes = {
        "prior": _small.with_floor(),
        "draw.sparsity": list(_small.SPARSITIES),
        "repeat": _small.several(),
    }
    return study(NAME, scale, TITLE, {"draw": dict(_small.OMP), **_small.segmenting()}, axes=axes)
