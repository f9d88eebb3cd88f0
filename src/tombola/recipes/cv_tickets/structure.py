"""CV tickets, structure: which weights do tickets of three priors keep, and are they the same?

What: of each prior's tickets the density of every layer, a picture of every layer's kernels (the figure kernel_map:
    bright where a whole one is gone), and the overlap with each prior's ticket from the next pretraining, beside what
    chance would give at the same densities. On the diagonal that is two pretrainings of one prior. Nothing is
    transferred.
When: the claim that priors leave other masks: their pictures differ at 79.03 %. The overlap says how much more than two
    pretrainings of one prior do.
Faithful: as cv-tickets/classification. The supervised body is published once, so of it drawings alone are repeated.
Scaled: as cv-tickets/classification, one-shot tickets.
Cost: at scale=small minutes, once the priors are pretrained.
Reference: Chen et al., CVPR 2021, arXiv 2012.06908, figure 7; its mask similarity, of which no code was published.
"""

from collections.abc import Mapping
from typing import Any

from tombola.recipes._scales import Scale, study
from tombola.recipes.cv_tickets import _paper, _small
from tombola.recipes.cv_tickets._priors import Prior
from tombola.study.study import Study

NAME = "cv-tickets-structure"
TITLE = "Which weights do tickets of three priors keep?"
_SIDE = 32


def structure(scale: Scale = "paper") -> Study:
    """Priors, sparsities, pretrainings, each compared with the next one of every prior."""
    if scale == "paper":
        axes: dict[str, Any] = {
            "prior": _paper.priors(),
            "draw.sparsity": list(_paper.LADDER[:4]),
            "repeat": _compared(_paper.several(), _paper.PRIORS, level=True),
        }
        target = _paper.classifying()["cifar10"]["target"]
        return study(NAME, scale, TITLE, _paper.base(), target=target, axes=axes)
    axes = {
        "prior": _small.priors(),
        "draw.sparsity": list(_small.SPARSITIES[1:]),
        "repeat": _compared(_small.several(), _small.known(), level=False),
    }
    target = _small.classifying()["cifar10"]["target"]
    return study(NAME, scale, TITLE, {"draw": dict(_small.OMP)}, target=target, axes=axes)


def _compared(repeats: Mapping[str, Any], priors: Mapping[str, Prior], *, level: bool) -> dict[str, Any]:
    """The axis of repetitions, each measuring against what the next one draws."""
    alone = ["density", {"name": "dead_kernels", "side": _SIDE}]
    return {
        name: {
            **sets,
            "measure": [
                *alone,
                *(
                    prior.compared(called, (int(name) + 1) % len(repeats), level=level)
                    for called, prior in priors.items()
                ),
            ],
        }
        for name, sets in repeats.items()
    }
