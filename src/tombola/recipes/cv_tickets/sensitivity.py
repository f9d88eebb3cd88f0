"""CV tickets, sensitivity: how exactly do tickets of three priors need their pretrained weights?

What: tickets with Gaussian noise on every kept weight, of growing multiples of each layer's own standard deviation,
    then transferred as they are without it. One seed draws the same numbers at every multiple.
When: the claim that priors differ in how much of a disturbance their weights bear. At sparsity 0 and noise 0 the rows
    are the linear probes by which a prior counts as pretrained at all.
Faithful: as cv-tickets/classification; the paper gives no scales and no code, those here run from 0.01 to 1.
Scaled: as cv-tickets/classification, one-shot tickets; a linear classifier solved for on the frozen body, on CIFAR-10
    and Caltech-101: finetuning would mend what the noise broke. Beside the priors a net that was never trained.
Cost: at scale=small some 12 hours of one core, once the priors are pretrained.
Reference: Chen et al., CVPR 2021, arXiv 2012.06908, sensitivity to perturbation.
"""

from typing import Any

from tombola.recipes._scales import Scale, study
from tombola.recipes.cv_tickets import _paper, _small
from tombola.study.study import Study

NAME = "cv-tickets-sensitivity"
TITLE = "How much noise do tickets of three priors bear?"
SCALES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


def sensitivity(scale: Scale = "paper") -> Study:
    """Priors, tasks, sparsities, noise, pretrainings."""
    if scale == "paper":
        axes: dict[str, Any] = {
            "prior": _paper.priors("draw.of.fit"),
            "draw.sparsity": [0.0, _paper.SHOWN],
            "draw.scale": list(SCALES),
            "repeat": _paper.several(),
        }
        target = _paper.classifying()["cifar10"]["target"]
        base = {"draw_on": "source", "draw": {"name": "noise", "of": _paper.imp()}}
        return study(NAME, scale, TITLE, base, target=target, transfer=_paper.finetune(), axes=axes)
    axes = {
        "prior": {name: sets for name, sets in _small.with_floor().items() if name != "random ticket"},
        "task": _small.classifying("cifar10", "caltech101"),
        "draw.sparsity": [0.0, _small.SHOWN],
        "draw.scale": list(SCALES),
        "repeat": _small.several("target.seed"),
    }
    base = {"draw": {"name": "noise", "of": dict(_small.OMP)}}
    return study(NAME, scale, TITLE, base, transfer="linear", axes=axes)
