"""Search and pruning in one training, against one after the other, and against pruning alone, in as many steps.

What: a supernet is trained under a penalty on the scales of its channels; those that fall to 0 are taken out, and the
    weights left are pruned to 80 or 90 %, in steps: with weights that may come back (joint) or not (joint, nested).
    Against it, in as many epochs: searched, then pruned and trained on (to 70 and 95 % too, for a curve to be read);
    pruned, then searched; pruned without any search (OMP). Joint once more in front of an adversary. Each joint net is
    trained on for a third, or not.
When: the claim that one training for both is better than either order. The rule, written before any row: it holds if,
    at the joint nets' operations (multiply-adds of weights that are not 0, the other curve read there), the mean
    difference to searched-then-pruned over three seeds is above 0 with its paired 95 % interval at both sparsities'.
Faithful: the loop, its penalty and intervals; 350 epochs, five stages, four branches, three kernels. The papers' nets
    are for ImageNet and Cityscapes, begin at a quarter of the resolution and sum coarse branches back into fine ones:
    here images are CIFAR-10's, and branches are only read by coarser ones.
Scaled: two stages, two branches, kernels 3 and 5; 18,000 images of CIFAR-10, 24 epochs, the penalty fifty times as
    large, as steps are few: 20 to 50 % of the scales should fall under 1e-3, else set ``rho``.
Cost: at scale=small forty-two nets of 25 to 40 minutes of a core each, and six trained on for a third of that.
Reference: You et al., "SuperTickets", ECCV 2022, arXiv 2207.03677; settings as in its code.
"""

from typing import Any, Final

from tombola.recipes import _small
from tombola.recipes._scales import Scale, against, pgd, repeats, study
from tombola.recipes.supertickets._parts import Sizes, drawn, finetune, sizes
from tombola.study.study import Study

NAME: Final = "supertickets-joint"
TITLE: Final = "Search and prune in one training, or one after the other"
READ: Final = "search, then prune"
SPARSITIES: Final = (0.8, 0.9)
BESIDE: Final = (0.7, 0.95)
"""Where searched-then-pruned is drawn too, so that its curve can be read at operations of joint nets."""


def joint(scale: Scale = "paper") -> Study:
    """Ways and sparsities, seeds."""
    size = sizes(scale)
    base = {
        "model": dict(size.model),
        "source": size.source,
        "target": size.source,
        "measure": ["accuracy", "size", _small.attacked()],
        "bench": ["native"],
    }
    ways = {f"{way} {sparsity:.0%}": sets for sparsity in SPARSITIES for way, sets in _ways(size, sparsity).items()}
    ways |= {f"{READ} {sparsity:.0%}": _ways(size, sparsity)[READ] for sparsity in BESIDE}
    return study(NAME, scale, TITLE, base, axes={"way": ways, "repeat": repeats()})


def _ways(size: Sizes, sparsity: float) -> dict[str, dict[str, Any]]:
    search, rest = 2 * size.epochs // 3, size.epochs // 3
    robust = against(pgd(_small.EPS, 3, _small.EPS / 2))
    searched = size.fit(search, changes=[size.searching], penalty=True)
    plain, after = size.fit(search), size.fit(rest)
    pruned = {"draw": drawn(sparsity)}
    return {
        "joint": _joint(size, sparsity, "free"),
        "joint, nested": _joint(size, sparsity, "none"),
        "joint, trained on": {"pretrain": _both(size, sparsity), **pruned, "transfer": finetune(after)},
        "joint, robust": _joint(size, sparsity, "free", of=robust),
        READ: {"pretrain": searched, **pruned, "transfer": finetune(after)},
        "prune, then search": {
            "pretrain": plain,
            **pruned,
            "transfer": finetune(size.fit(rest, changes=[size.searching], penalty=True)),
        },
        "OMP": {"pretrain": plain, **pruned, "transfer": finetune(after)},
    }


def _both(size: Sizes, sparsity: float, back: str = "free", of: Any = "natural") -> dict[str, Any]:
    """Search and pruning in one training."""
    return size.fit(size.epochs, changes=[size.searching, size.pruning(sparsity, back)], penalty=True, of=of)


def _joint(size: Sizes, sparsity: float, back: str, of: Any = "natural") -> dict[str, Any]:
    """From random weights, and no step after it."""
    return {
        "source": None,
        "pretrain": None,
        "draw": drawn(0.0),
        "transfer": finetune(_both(size, sparsity, back, of)),
    }
