"""CV tickets, classification: up to which sparsity do tickets of supervised and self-supervised priors match?

What: tickets of a prior pretrained with labels, by SimCLR and by MoCo, finetuned on sets of images, beside the dense
    prior.
When: the claim that each prior has tickets that transfer as well as it does, at 59.04 to 96.48 %.
Faithful: ResNet-50; a fifth of what is left a level, ten epochs of the prior's own task each at its constant rate,
    every convolution but the stem, rewound to the pretrained weights. SimCLR and MoCo v2 are pretrained by their
    presets. Images are at 224 pixels under the pretrained stem, where theirs are at 32 under a new one; Fashion-MNIST
    and VisDA are left out.
Scaled: ResNet-18 at 64 pixels on a hundred classes of Tiny-ImageNet, 30 epochs with labels, 60 without; one-shot
    tickets, one threshold for all; CIFAR-10 (20,000 images), Caltech-101 and ten textures, 300 steps of 50. Beside the
    priors a net that was never trained, and random tickets. Five pretrainings a prior are what is repeated.
Cost: at scale=small some 80 hours of one core for the pretrainings, which all recipes of CV tickets share, and 17 more.
Reference: Chen et al., CVPR 2021, arXiv 2012.06908.
"""

from typing import Any

from tombola.recipes._scales import Scale, study
from tombola.recipes.cv_tickets import _paper, _small
from tombola.study.study import Study

NAME = "cv-tickets-classification"
TITLE = "Up to which sparsity do tickets of three priors match? Classification"


def classification(scale: Scale = "paper") -> Study:
    """Priors, tasks, sparsities, pretrainings."""
    if scale == "paper":
        axes: dict[str, Any] = {
            "prior": _paper.priors(),
            "task": _paper.classifying(),
            "draw.sparsity": [0.0, *_paper.LADDER],
            "repeat": _paper.several(),
        }
        return study(NAME, scale, TITLE, _paper.base(), transfer=_paper.finetune(), axes=axes)
    axes = {
        "prior": _small.with_floor(),
        "task": _small.classifying(),
        "draw.sparsity": list(_small.SPARSITIES),
        "repeat": _small.several("target.seed"),
    }
    return study(NAME, scale, TITLE, {"draw": dict(_small.OMP)}, transfer=_small.finetune(), axes=axes)
