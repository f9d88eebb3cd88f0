"""Double-Win, matching: up to which sparsity does one mask win twice?

What: tickets found upstream by iterative pruning on three pretrainings, then trained downstream in the standard and in
    the adversarial way; a double-win matches the dense net in standard accuracy, and in standard and robust accuracy
    after adversarial training.
When: the claim that the better the pretraining against an adversary, the sparser a double-win: standard, fast,
    adversarial reach 89.26, 89.26 and 91.41 % on CIFAR-10 and 73.79, 79.03 and 83.22 % on CIFAR-100.
Faithful: ResNet-50 by default; 30 epochs of ImageNet a level at a constant 5e-4, a fifth of what is left pruned, PGD-3
    while pruning robust priors; downstream recipes as published. Where the fast prior came from is not published: it is
    trained here, at one image size.
Scaled: ResNet-20 at 32x32, levels of 40 steps, 500 images of CIFAR-10, sixty steps downstream, 2/255, single-step
    adversaries where the paper has PGD (drawing on the fast prior, adversarial transfer); 200 images attacked.
Cost: at scale=small some 20 minutes on two cores, once the priors are pretrained.
Reference: Chen et al., ICML 2022 (Double-Win Lottery Tickets).
"""

from typing import Any

from tombola.recipes import _paper, _small
from tombola.recipes._scales import Net, Scale, repeats, study
from tombola.recipes.double_win import _priors
from tombola.study.study import Study

NAME = "double-win-matching"
TITLE = "Tickets that win twice: standard and adversarial transfer"


def matching(scale: Scale = "paper", net: Net = "resnet50") -> Study:
    """Priors, ways to train, tasks, levels, seeds."""
    if scale == "paper":
        axes: dict[str, Any] = {
            "prior": _priors.paper(net),
            "training": _priors.paper_training(),
            "task": _paper.cifars(),
            "draw.sparsity": _priors.LADDER,
            "repeat": repeats(),
        }
        measure = ["accuracy", _paper.attacked()]
        return study(NAME, scale, TITLE, _priors.paper_base(net), measure=measure, axes=axes)
    axes = {
        "prior": _priors.small(),
        "training": _priors.small_training(),
        "draw.sparsity": _priors.SPARSITIES,
        "repeat": repeats("target.seed", "target.subset_seed"),
    }
    target, measure = _small.cifar10(fraction=0.25), ["accuracy", _small.attacked(200)]
    return study(NAME, scale, TITLE, _priors.small_base(), target=target, measure=measure, axes=axes)
