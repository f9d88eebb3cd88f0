"""Double-Win, data-efficient: do tickets need fewer labels than the dense net?

What: the tickets of ``double-win/matching``, with a part of the downstream labels.
When: the claim that with 1 % or 10 % of the labels tickets match the dense net at higher sparsity, and beat it.
Faithful: as double-win/matching; the first labels of the set, as the published code takes them.
Scaled: as double-win/matching; 100 and 500 images of CIFAR-10, every class by its share, sixty steps each,
    standard transfer alone.
Cost: at scale=small some 10 minutes on two cores after double-win/matching, whose cells it shares in part.
Reference: Chen et al., ICML 2022 (Double-Win Lottery Tickets), data-limited transfer.
"""

from tombola.recipes import _paper, _small
from tombola.recipes._scales import Net, Scale, repeats, study
from tombola.recipes.double_win import _priors
from tombola.study.study import Study

NAME = "double-win-data-efficient"
TITLE = "Tickets with few labels"


def data_efficient(scale: Scale = "paper", net: Net = "resnet50") -> Study:
    """Priors, ways to train, labels, levels, seeds."""
    if scale == "paper":
        axes = {
            "prior": _priors.paper(net),
            "training": _priors.paper_training(),
            "target.fraction": [0.01, 0.1, 1.0],
            "draw.sparsity": _priors.LADDER,
            "repeat": repeats(),
        }
        target, measure = _paper.cifar("cifar10", subset="first"), ["accuracy", _paper.attacked()]
        return study(NAME, scale, TITLE, _priors.paper_base(net), target=target, measure=measure, axes=axes)
    axes = {
        "prior": _priors.small(),
        "training": {"standard": _priors.small_training()["standard"]},
        "target.fraction": [0.05, 0.25],
        "draw.sparsity": _priors.SPARSITIES,
        "repeat": repeats("target.seed", "target.subset_seed"),
    }
    measure = ["accuracy", _small.attacked(200)]
    return study(NAME, scale, TITLE, _priors.small_base(), target=_small.cifar10(), measure=measure, axes=axes)
