"""Table 2: does the gap between source and target say which prior wins?

What: the Frechet distance between source and target images, beside what a robust prior gains on that target.
When: the claim that the larger the gap, the likelier robust tickets win (above an FID of 150 on six sets of six).
Faithful: FID under Inception's features, 8,000 images of ImageNet against all of each set; the tickets of fig9.
Scaled: the distance between 1,000 images each, under the pretrained net's own 64 features: its scale is its own, the
    order of the tasks is what is compared; five packs.
Cost: at scale=small some 5 minutes on two cores after fig9, whose cells it shares.
Reference: Fu et al., DAC 2023, arXiv 2304.11834, table II.
"""

from tombola.recipes import _paper, _small
from tombola.recipes._scales import Net, Scale, repeats, study
from tombola.study.study import Study

NAME = "robust-tickets-table2"
TITLE = "Domain gap and which prior wins"


def table2(scale: Scale = "paper", net: Net = "resnet18") -> Study:
    """Priors, tasks, one sparsity, seeds; the gap and the accuracy."""
    if scale == "paper":
        gap = {"name": "frechet_distance", "other": _paper.imagenet(), "features": "inception", "other_samples": 8000}
        axes = {
            "prior": _paper.several_eps(net),
            "task": _paper.targets(*_paper.TARGETS),
            "draw.sparsity": [0.9],
            "repeat": repeats(),
        }
        base = _paper.base(net)
        return study(NAME, scale, TITLE, base, transfer=_paper.LINEAR, measure=["accuracy", gap], axes=axes)
    source = _small.base()["source"]
    gap = {"name": "frechet_distance", "other": source, "samples": 1000, "other_samples": 1000}
    axes = {
        "prior": _small.priors(*_small.SWEEP),
        "task": _small.targets(),
        "draw.sparsity": [0.0, 0.8, 0.9],
        "repeat": repeats("target.seed"),
    }
    return study(NAME, scale, TITLE, _small.base(), transfer="linear", measure=["accuracy", gap], axes=axes)
