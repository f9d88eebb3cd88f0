"""Figure 5: do masks alone, learned on frozen weights, do better on a robust prior?

What: learned masks (LMP) on the natural and the robust prior, beside one-shot tickets: weights stay as pretrained.
When: the claim that robust tickets win when only the mask is learned for the task.
Faithful: released classifiers; straight-through scores, exactly k weights kept in every layer, batch norm as
    pretrained; 160 epochs of SGD at rate 0.1 on a cosine, as in the code of Robust Scratch Tickets.
Scaled: ResNet-20 at 32x32, 2,000 images of CIFAR-10, six epochs at rate 1, and a linear classifier on what comes out.
Cost: at scale=small some 10 minutes on two cores, once the priors are pretrained.
Reference: Fu et al., DAC 2023, arXiv 2304.11834, LMP tickets.
"""

from typing import Any

from tombola.recipes import _paper, _small
from tombola.recipes._scales import COARSE, Net, Scale, repeats, study
from tombola.study.study import Study

NAME = "robust-tickets-fig5"
TITLE = "Learned masks on frozen weights"


def fig5(scale: Scale = "paper", net: Net = "resnet18") -> Study:
    """Priors, schemes, tasks, sparsities, seeds."""
    if scale == "paper":
        fit = {"epochs": "160ep", "batch": 256, "optimizer": {"name": "sgd", "lr": 0.1}}
        axes = {
            "scheme": {"OMP": {"draw": {"name": "omp", "budget": "uniform"}}, "LMP": _drawn(fit, {})},
            "prior": _paper.priors(net),
            "task": _paper.cifars(),
            "draw.sparsity": list(COARSE[1:]),
            "repeat": repeats(),
        }
        return study(NAME, scale, TITLE, _paper.base(net), transfer=_paper.LINEAR, axes=axes)
    fit = {"epochs": "6ep", "batch": 64, "optimizer": {"name": "sgd", "lr": 1.0, "weight_decay": 0.0}}
    axes = {
        "scheme": {"OMP": {"draw": dict(_small.OMP)}, "LMP": _drawn(fit, _small.OMP)},
        "prior": _small.priors("natural", "linf 2/255"),
        "draw.sparsity": list(_small.LEVELS),
        "repeat": repeats("target.seed"),
    }
    return study(NAME, scale, TITLE, _small.base(), target=_small.cifar10(), transfer="linear", axes=axes)


def _drawn(fit: dict[str, Any], like: Any) -> dict[str, Any]:
    return {"draw_on": "target", "draw": {**like, "name": "lmp", "fit": {**fit, "schedule": "cosine"}}}
