"""Figure 4: does iterative pruning against an adversary draw better tickets, upstream and downstream?

What: A-IMP on the robust prior against IMP on the natural one; drawn on the source task (US) and on the target (DS).
When: two claims: robust tickets by A-IMP beat natural ones by IMP, and the lead is larger upstream; and at extreme
    sparsity (above 95 %, ResNet-50 on CIFAR-100) natural IMP is ahead.
Faithful: released classifiers; a fifth of what is left pruned a level and rewound to the pretrained weights; PGD-3 at
    8/255 with steps of 16/765 while pruning. The paper gives no recipe for a level: Double-Win's upstream (30 epochs),
    CV_LTH's downstream at a pretrained net's rate.
Scaled: ResNet-20 at 32x32, 2,000 images of CIFAR-10; six levels of 40 steps upstream or two epochs downstream; linear
    evaluation in place of finetuning.
Cost: at scale=small some 20 minutes on two cores, once the priors are pretrained; at paper scale the upstream levels
    train ImageNet for 30 epochs each.
Reference: Fu et al., DAC 2023, arXiv 2304.11834, equation 1 and (A-)IMP tickets.
"""

from typing import Any

from tombola.recipes import _paper, _small
from tombola.recipes._scales import DRAWN_AGAINST, Net, Scale, repeats, study
from tombola.study.study import Study

NAME = "robust-tickets-fig4"
TITLE = "A-IMP on a robust prior against IMP on a natural one"


def fig4(scale: Scale = "paper", net: Net = "resnet18") -> Study:
    """Where tickets are drawn, priors, tasks, levels, seeds."""
    if scale == "paper":
        axes: dict[str, Any] = {
            "drawn": {"US": _paper.imp("source", _paper.UPSTREAM), "DS": _paper.imp("target", _paper.DOWNSTREAM)},
            "prior": _paper.priors(net),
            "task": _paper.cifars(),
            "draw.level": [3, 6, 9, 11, 14, 17],
            "repeat": repeats(),
        }
        axes["prior"]["robust"] |= _paper.AIMP
        base = {**_paper.base(net), "source": _paper.imagenet()}
        return study(NAME, scale, TITLE, base, transfer=_paper.finetune(), axes=axes)
    robust = {**_small.PRIORS["linf 2/255"], **_small.AIMP}
    axes = {
        "drawn": {
            "US": {"draw_on": "source", "draw": _small.imp()},
            "DS": {"draw_on": "target", "draw": _small.imp_downstream()},
        },
        "prior": {"natural": {**_small.PRIORS["natural"], DRAWN_AGAINST: "natural"}, "robust": robust},
        "draw.sparsity": list(_small.LEVELS),
        "repeat": repeats("target.seed"),
    }
    return study(NAME, scale, TITLE, _small.base(), target=_small.cifar10(), transfer="linear", axes=axes)
