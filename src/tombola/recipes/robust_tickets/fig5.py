"""Figure 5: do masks alone, learned on frozen weights, do better on a robust prior?

What: learned masks (LMP) on the natural and the robust prior, beside one-shot tickets: weights stay as pretrained.
When: the claim that robust tickets win when only the mask is learned for the task.
Faithful: released classifiers; straight-through scores, exactly k weights kept in every layer, batch norm as
    pretrained; 160 epochs of SGD at rate 0.1 on a cosine, as in the code of Robust Scratch Tickets.
Scaled: ResNet-20 at 32x32, 2,000 images of CIFAR-10, six epochs, and a linear classifier on what comes out; a net that
    was never trained beside the priors.
Cost: at scale=small some 15 minutes on two cores, once the priors are pretrained.
Reference: Fu et al., DAC 2023, arXiv 2304.11834, LMP tickets.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tombola.recipes import _paper, _small
from tombola.recipes._scales import COARSE, Net, Scale, repeats, study
from tombola.study.study import Study

NAME = "robust-tickets-fig5"
TITLE = "Learned masks on frozen weights"


def fig5(scale: Scale = "paper", net: Net = "resnet18") -> Study:
    """Priors, schemes, tasks, sparsities, seeds."""
    if scale == "paper":
        axes = {
            "scheme": {"OMP": {"draw": {"name": "omp", "budget": "uniform"}}, "LMP": _learned("160ep", 256)},
            "prior": _paper.priors(net),
            "task": _paper.cifars(),
            "draw.sparsity": list(COARSE[1:]),
            "repeat": repeats(),
        }
        return study(NAME, scale, TITLE, _paper.base(net), transfer=_paper.LINEAR, axes=axes)
    axes = {
        "scheme": {"OMP": {"draw": dict(_small.OMP)}, "LMP": _learned("6ep", 64, _small.OMP)},
        "prior": _small.priors("natural", "linf 2/255") | {name: dict(sets) for name, sets in _small.UNTRAINED.items()},
        "draw.sparsity": list(_small.LEVELS),
        "repeat": repeats("target.seed"),
    }
    return study(NAME, scale, TITLE, _small.base(), target=_small.cifar10(), transfer="linear", axes=axes)


def _learned(epochs: str, batch: int, like: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
    """Masks learned on the target, at the scheme's own rate: in another place than the others' it is another method."""
    return {"draw_on": "target", "draw": {**like, "name": "lmp", "fit": {"epochs": epochs, "batch": batch}}}
