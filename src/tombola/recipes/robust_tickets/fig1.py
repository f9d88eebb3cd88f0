"""Figure 1: do one-shot tickets of a robust prior finetune better than those of a natural one?

What: one-shot magnitude tickets (OMP), the whole model finetuned, over sparsity.
When: the paper's first claim: robust tickets win under whole-model finetuning (ResNet-50 on CIFAR-100 at 70 %: +1.95
    points; ResNet-18 on CIFAR-100 at 99 %: +2.38).
Faithful: the released classifiers of Salman et al., the eps that transferred best to each task; every convolution, one
    global threshold; 150 epochs, batch 64, weight decay 1e-4, a tenth of the rate at 50 and 100. The paper leaves the
    rate open (0.01 here) and the image size (224 here, as Salman et al.).
Scaled: ResNet-20 at 32x32, pretrained here on 18,000 images; 1,000 images of CIFAR-10 and 630 of Imagenette, a hundred
    steps of 50; the same share in every layer; two radii in place of the best. Beside the priors a net that was never
    trained, and random tickets.
Cost: at scale=small some 40 minutes on two cores, once the priors are pretrained (natural ten minutes of a
    core, single-step twenty, PGD-3 forty).
Reference: Fu et al., DAC 2023, arXiv 2304.11834, OMP tickets under whole-model finetuning.
"""

from tombola.recipes import _paper, _small
from tombola.recipes._scales import COARSE, ZOOM, Net, Scale, repeats, study
from tombola.study.study import Study

NAME = "robust-tickets-fig1"
TITLE = "One-shot tickets, the whole model finetuned"


def fig1(scale: Scale = "paper", net: Net = "resnet18") -> Study:
    """Priors, tasks, sparsities, seeds."""
    if scale == "paper":
        axes = {
            "prior": _paper.priors(net),
            "task": _paper.cifars(),
            "draw.sparsity": [*COARSE, *ZOOM[1:]],
            "repeat": repeats(),
        }
        return study(NAME, scale, TITLE, _paper.base(net), transfer=_paper.finetune(), axes=axes)
    axes = {
        "prior": _small.with_floor("natural", "linf 1/255", "linf 2/255"),
        "task": {
            "cifar10": {"target": _small.cifar10(num_train=1000)},
            "imagenette": {"target": _small.pack("imagenette/imagenette224")},
        },
        "draw.sparsity": [*_small.SPARSITIES, 0.99],
        "repeat": repeats("target.seed"),
    }
    return study(NAME, scale, TITLE, _small.base(), transfer=_small.finetune(), axes=axes)
