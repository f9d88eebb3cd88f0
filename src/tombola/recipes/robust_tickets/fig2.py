"""Figure 2: do one-shot tickets of a robust prior hold better features?

What: one-shot tickets under linear evaluation: the ticket is frozen, a classifier is trained on its features; with
    batch norm as pretrained, and with its statistics taken anew from the task.
When: the claim that robust tickets win clearly under linear evaluation (ResNet-50 on CIFAR-100: 11.75 points or more up
    to 92 %). Batch norm is an axis because it decides what sparse features look like, and the paper does not say.
Faithful: released classifiers, the best eps of the task, every convolution, one threshold; the head by SGD, 150 epochs.
Scaled: ResNet-20 at 32x32, 2,000 images of CIFAR-10; the best linear classifier is solved for, not trained; two radii
    in place of the best (fig9 has more). Beside the priors a net that was never trained, and random tickets.
Cost: at scale=small some 15 minutes on two cores, once the priors are pretrained.
Reference: Fu et al., DAC 2023, arXiv 2304.11834, OMP tickets under linear evaluation.
"""

from tombola.recipes import _paper, _small
from tombola.recipes._scales import COARSE, ZOOM, Net, Scale, repeats, study
from tombola.study.study import Study

NAME = "robust-tickets-fig2"
TITLE = "One-shot tickets under linear evaluation"


def fig2(scale: Scale = "paper", net: Net = "resnet18") -> Study:
    """Priors, tasks, batch norm, sparsities, seeds."""
    if scale == "paper":
        axes = {
            "prior": _paper.priors(net),
            "task": _paper.cifars(),
            "transfer.bn": ["frozen", "adapt"],
            "draw.sparsity": [*COARSE, *ZOOM[1:]],
            "repeat": repeats(),
        }
        return study(NAME, scale, TITLE, _paper.base(net), transfer=_paper.LINEAR, axes=axes)
    axes = {
        "prior": _small.with_floor("natural", "linf 1/255", "linf 2/255"),
        "transfer.bn": ["frozen", "recalibrated"],
        "draw.sparsity": list(_small.SPARSITIES),
        "repeat": repeats("target.seed"),
    }
    return study(NAME, scale, TITLE, _small.base(), target=_small.cifar10(), transfer="linear", axes=axes)
