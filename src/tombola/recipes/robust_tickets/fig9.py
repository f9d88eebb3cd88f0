"""Figure 9: on how many of a dozen tasks do robust tickets win?

What: one-shot tickets under linear evaluation on many transfer sets.
When: the claim that robust tickets win on most of twelve sets (ResNet-18: better, level, worse on 7, 3 and 2).
Faithful: the twelve sets of Salman et al. with their standard splits, at 224 pixels; sets judged by the mean of the
    classes' accuracies have that beside accuracy. Three radii are run in place of the best, which is 0 for some sets.
Scaled: ResNet-20 at 32x32 and five packs: 2,000 images each of CIFAR-10 and Fashion-MNIST, and Caltech-101, ten
    textures, Imagenette; four radii, from nearly none to large. Beside the priors a net that was never trained, and
    random tickets.
Cost: at scale=small some 35 minutes on two cores, once the priors are pretrained.
Reference: Fu et al., DAC 2023, arXiv 2304.11834, twelve tasks; Salman et al., NeurIPS 2020.
"""

from tombola.recipes import _paper, _small
from tombola.recipes._scales import Net, Scale, repeats, study
from tombola.study.study import Study

NAME = "robust-tickets-fig9"
TITLE = "One-shot tickets on many tasks, linear evaluation"
MEASURE = ("accuracy", "mean_class_accuracy")


def fig9(scale: Scale = "paper", net: Net = "resnet18") -> Study:
    """Priors, tasks, sparsities, seeds."""
    if scale == "paper":
        axes = {
            "prior": _paper.several_eps(net),
            "task": _paper.targets(*_paper.TARGETS),
            "draw.sparsity": [0.0, 0.5, 0.7, 0.9],
            "repeat": repeats(),
        }
        base = _paper.base(net)
        return study(NAME, scale, TITLE, base, transfer=_paper.LINEAR, measure=list(MEASURE), axes=axes)
    axes = {
        "prior": _small.with_floor(*_small.SWEEP),
        "task": _small.targets(),
        "draw.sparsity": [0.0, 0.8, 0.9, 0.95],
        "repeat": repeats("target.seed"),
    }
    return study(NAME, scale, TITLE, _small.base(), transfer="linear", axes=axes)
