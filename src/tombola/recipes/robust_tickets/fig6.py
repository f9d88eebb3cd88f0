"""Figure 6: is randomized smoothing a robust prior too?

What: one-shot tickets of three priors: natural, adversarial training, training on Gaussian noise.
When: the claim that tickets of a smoothed prior stand between natural and adversarially trained ones.
Faithful: the released natural and robust classifiers; the smoothed prior trained as Cohen et al. did (90 epochs, batch
    400, sigma 0.5 of [0, 1], noise before the normaliser), as their files are of ResNet-50 alone.
Scaled: ResNet-20 at 32x32, sigma 0.12, 2,000 images of CIFAR-10, linear evaluation. Beside the priors a net that was
    never trained, and random tickets.
Cost: at scale=small some 15 minutes on two cores, once the priors are pretrained.
Reference: Fu et al., DAC 2023, arXiv 2304.11834, randomized smoothing; Cohen et al., ICML 2019.
"""

from tombola.recipes import _paper, _small
from tombola.recipes._scales import COARSE, Net, Scale, repeats, study
from tombola.study.study import Study

NAME = "robust-tickets-fig6"
TITLE = "Natural, adversarial and smoothed priors"


def fig6(scale: Scale = "paper", net: Net = "resnet18") -> Study:
    """Priors, tasks, sparsities, seeds."""
    if scale == "paper":
        axes = {
            "prior": {**_paper.priors(net), "smoothing": _paper.smoothed(net)},
            "task": _paper.cifars(),
            "draw.sparsity": list(COARSE),
            "repeat": repeats(),
        }
        base = {**_paper.base(net), "pretrain_seed": 0}
        return study(NAME, scale, TITLE, base, transfer=_paper.finetune(), axes=axes)
    axes = {
        "prior": _small.with_floor("natural", "linf 2/255", "smoothing 0.12"),
        "draw.sparsity": list(_small.SPARSITIES),
        "repeat": repeats("target.seed"),
    }
    return study(NAME, scale, TITLE, _small.base(), target=_small.cifar10(), transfer="linear", axes=axes)
