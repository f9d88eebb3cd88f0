"""Figure 8: who is ahead where hardly anything is left?

What: one-shot tickets from 90 to 99 % sparsity, the zoom of figures 1 and 2.
When: two claims that pull apart: robust tickets keep their lead at extreme one-shot sparsity (ResNet-18 on CIFAR-100 at
    99 %: +2.38), and natural tickets catch up at the extreme under iterative pruning (see fig4).
Faithful: released classifiers, every convolution, one threshold, the paper's finetuning.
Scaled: ResNet-20 at 32x32, 2,000 images of CIFAR-10, linear evaluation; of 270,000 weights 99 % leave 2,700. Beside the
    priors a net that was never trained, and random tickets.
Cost: at scale=small some 15 minutes on two cores, once the priors are pretrained.
Reference: Fu et al., DAC 2023, arXiv 2304.11834, extreme sparsity.
"""

from tombola.recipes import _paper, _small
from tombola.recipes._scales import ZOOM, Net, Scale, repeats, study
from tombola.study.study import Study

NAME = "robust-tickets-fig8"
TITLE = "One-shot tickets at extreme sparsity"


def fig8(scale: Scale = "paper", net: Net = "resnet18") -> Study:
    """Priors, tasks, sparsities, seeds."""
    if scale == "paper":
        axes = {
            "prior": _paper.priors(net),
            "task": _paper.cifars(),
            "draw.sparsity": [0.0, *ZOOM],
            "repeat": repeats(),
        }
        return study(NAME, scale, TITLE, _paper.base(net), transfer=_paper.finetune(), axes=axes)
    axes = {
        "prior": _small.with_floor("natural", "linf 1/255", "linf 2/255"),
        "draw.sparsity": [0.0, *ZOOM],
        "repeat": repeats("target.seed"),
    }
    return study(NAME, scale, TITLE, _small.base(), target=_small.cifar10(), transfer="linear", axes=axes)
