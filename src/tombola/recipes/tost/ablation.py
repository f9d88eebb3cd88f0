"""Which part of ToST helps a sparse net that is trained from random weights? Each alone, all, and all but each.

What: one random mask and one by SNIP, at 97 and 98 % of a net's weights, trained from random weights in the same steps:
    plainly, with soft activations, ghost skips, label smoothing over the other classes, or scaled initialisation, with
    all four, and with all but one of them. The net is a plain one at the end of each.
When: before any part is made a default. The rule, written before any row: a part is on in the preset only if the mean
    of its paired differences to the plain training, seed by seed, is above 0 with its 95 % interval over at least five
    seeds, at 97 and at 98 %, on the random mask and on the drawn one. Until then ``tost`` is the paper's, by name.
Faithful: CIFAR-10, the recipe's 182 epochs, batch and rates, both aids gone by half of them; ResNet-32, 32 being what
    the paper names beside 18 and 104. The released code never takes the aids out; when it is said they go is ours.
Scaled: ResNet-20, 18,000 images of CIFAR-10, 30 epochs.
Cost: at scale=small two hundred trainings of some forty minutes of a core each: a lent GPU's work. Cut it with
    ``--set mask=random --set sparsity=97%``.
Reference: Jaiswal et al. (ToST), ICML 2022, arXiv 2206.12755.
"""

from typing import Any, Final

from tombola.recipes._scales import Scale, repeats, study
from tombola.recipes.tost._arms import arm, base, labelled, one_level
from tombola.study.study import Study

NAME: Final = "tost-ablation"
TITLE: Final = "Training a sparse net better: each part alone, all, and all but each"
PARTS: Final = ("soft", "ghost", "smoothing", "scaling")
SPARSITIES: Final = (0.97, 0.98)
SEEDS: Final = 5


def ablation(scale: Scale = "paper") -> Study:
    """Parts, masks, sparsities, seeds."""
    axes = {
        "mask": {score: {"draw": one_level(score, SPARSITIES[0])} for score in ("random", "snip")},
        "sparsity": {text: {"draw.ladder.sparsities": [value]} for text, value in labelled(SPARSITIES).items()},
        "part": _parts(),
        "repeat": repeats(count=SEEDS),
    }
    return study(NAME, scale, TITLE, base(scale), axes=axes)


def _parts() -> dict[str, dict[str, Any]]:
    without = {f"all but {left}": arm(*(part for part in PARTS if part != left)) for left in PARTS}
    return {"plain": arm(), **{part: arm(part) for part in PARTS}, "all": arm(*PARTS), **without}
