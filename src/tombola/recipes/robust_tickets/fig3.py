"""Figure 3: does the robust prior's lead hold for structured tickets?

What: one-shot tickets whose weights live or die by rows, kernels or channels.
When: the claim that robust tickets win under every sparsity pattern, structured ones too.
Faithful: ResNet-50 by default, the whole model finetuned; groups as in Robust Scratch Tickets (rows of a kernel,
    kernels, output channels), scored by their mean magnitude.
Scaled: ResNet-20 at 32x32, 2,000 images of CIFAR-10, linear evaluation in place of finetuning; stripes of four channels
    beside the paper's patterns, as they are the ones that run fast. Beside the priors a net that was never trained, and
    random tickets.
Cost: at scale=small some 20 minutes on two cores, once the priors are pretrained.
Reference: Fu et al., DAC 2023, arXiv 2304.11834, structured patterns.
"""

from tombola.recipes import _paper, _small
from tombola.recipes._scales import COARSE, Net, Scale, repeats, study
from tombola.study.study import Study

NAME = "robust-tickets-fig3"
TITLE = "Structured one-shot tickets"


def fig3(scale: Scale = "paper", net: Net = "resnet50") -> Study:
    """Priors, patterns, tasks, sparsities, seeds."""
    if scale == "paper":
        axes = {
            "prior": _paper.priors(net),
            "draw.pattern": ["row", "kernel", "channel"],
            "task": _paper.cifars(),
            "draw.sparsity": list(COARSE),
            "repeat": repeats(),
        }
        return study(NAME, scale, TITLE, _paper.base(net), transfer=_paper.finetune(), axes=axes)
    axes = {
        "prior": _small.with_floor("natural", "linf 2/255"),
        "draw.pattern": ["element", "row", "kernel", "channel", "stripe:4"],
        "draw.sparsity": list(_small.LEVELS),
        "repeat": repeats("target.seed"),
    }
    return study(NAME, scale, TITLE, _small.base(), target=_small.cifar10(), transfer="linear", axes=axes)
