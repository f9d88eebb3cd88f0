"""Does ToST train a sparse net better with any mask, and does it where the ticket keeps pretrained weights?

What: masks at random, by SNIP, GraSP and SynFlow on random weights, trained from there, and one-shot tickets of a
    pretrained net, which keep its weights; each at 90 to 99 %, trained plainly and with ToST's aids and smooth labels.
    Scaled initialisation is left out: it has no say over pretrained weights, and recipe tost/ablation asks for it.
When: the paper's title. The rule, written before any row: ToST helps a mask at a sparsity where the mean of the paired
    differences, seed by seed, is above 0 with its 95 % interval; "any mask" holds where it helps all five at 95 % and
    above. Whether it helps pretrained weights nobody has asked.
Faithful: CIFAR-10, 182 epochs, ResNet-32; the dense net that is one-shot pruned is trained by the same recipe.
Scaled: ResNet-20, 18,000 images of CIFAR-10, 30 epochs; the pretrained net is the small scale's natural prior.
Cost: at scale=small one hundred and fifty trainings of some forty minutes of a core each: a lent GPU's work.
Reference: Jaiswal et al. (ToST), ICML 2022, arXiv 2206.12755; predecessor arXiv 2101.03255, which tells +1.05 to
    +4.93 points for a ResNet-18 on CIFAR-100 over plain lottery tickets.
"""

from typing import Any, Final

from tombola.recipes import _small
from tombola.recipes._scales import Scale, repeats, study
from tombola.recipes.tost._arms import arm, base, labelled, one_level
from tombola.study.study import Study

NAME: Final = "tost-any-mask"
TITLE: Final = "Training a sparse net better, with any mask"
SPARSITIES: Final = (0.9, 0.95, 0.97, 0.98, 0.99)
SCORES: Final = ("random", "snip", "grasp", "synflow")
SEEDS: Final = 3


def any_mask(scale: Scale = "paper") -> Study:
    """Masks and their sparsities, trainings, seeds."""
    axes = {
        "mask": _masks(scale),
        "training": {"plain": arm(), "ToST": arm("soft", "ghost", "smoothing")},
        "repeat": repeats(count=SEEDS),
    }
    return study(NAME, scale, TITLE, base(scale), axes=axes)


def _masks(scale: Scale) -> dict[str, dict[str, Any]]:
    """By mask and sparsity: the pretrained net's tickets have a model and a pretraining of their own."""
    found: dict[str, dict[str, Any]] = {}
    for text, sparsity in labelled(SPARSITIES).items():
        found |= {f"{score} {text}": {"draw": one_level(score, sparsity)} for score in SCORES}
        found[f"OMP, pretrained {text}"] = {**_pretrained(scale), "draw": {**_small.OMP, "sparsity": sparsity}}
    return found


def _pretrained(scale: Scale) -> dict[str, Any]:
    if scale == "paper":
        return {"source": "cifar10", "pretrain": {"preset": "tost", "changes": []}, "pretrain_seed": 0}
    return {name: value for name, value in _small.base().items() if name in ("source", "pretrain", "pretrain_seed")}
