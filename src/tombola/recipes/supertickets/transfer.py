"""Does a SuperTicket of one task serve another, as well as a ticket that is drawn there?

What: on the source a supernet is searched and pruned in one training (SuperTicket); searched, then pruned; or trained
    whole, then pruned (OMP). Each ticket is adapted to other tasks with its net and its masks as they are and a new
    head. Against them the net that was searched on the source, pruned while it is adapted (drawn there).
When: the claim that SuperTickets transfer. The rule, written before any row: it holds for a task if the mean difference
    of the SuperTicket to the ticket drawn there over three seeds is above -1 point with its paired 95 % interval.
Faithful: the published pairs are between segmentation sets, and from ImageNet to poses: neither is here. CIFAR-10 to
    CIFAR-100 and DTD.
Scaled: 18,000 images of CIFAR-10 to Fashion-MNIST, DTD's ten classes and Imagenette at 32x32, in 8 epochs.
Cost: at scale=small nine nets of 25 to 40 minutes of a core each, and some minutes a transfer.
Reference: You et al., "SuperTickets", ECCV 2022, arXiv 2207.03677.
"""

from typing import Any, Final

from tombola.recipes import _small
from tombola.recipes._scales import Scale, repeats, study
from tombola.recipes.supertickets._parts import SMALL, Sizes, drawn, finetune, sizes
from tombola.study.study import Study

NAME: Final = "supertickets-transfer"
TITLE: Final = "SuperTickets on other tasks"
SPARSITY: Final = 0.8
ELSEWHERE: Final = ("fashion-mnist", "dtd10", "imagenette")


def transfer(scale: Scale = "paper") -> Study:
    """Tickets, tasks, seeds."""
    size = sizes(scale)
    base = {"model": dict(size.model), "source": size.source, "measure": ["accuracy", "size"]}
    axes = {"ticket": _tickets(size), "task": _tasks(scale), "repeat": repeats()}
    return study(NAME, scale, TITLE, base, axes=axes)


def _tickets(size: Sizes) -> dict[str, dict[str, Any]]:
    adapted = finetune(size.fit(size.epochs // 3))
    there = finetune(size.fit(size.epochs // 3, changes=[{**size.pruning(SPARSITY, "free"), "every": "1ep"}]))
    searched = size.fit(size.epochs, changes=[size.searching], penalty=True)
    both = size.fit(size.epochs, changes=[size.searching, size.pruning(SPARSITY, "free")], penalty=True)
    return {
        "SuperTicket": {"pretrain": both, "draw": drawn(SPARSITY), "transfer": adapted},
        "search, then prune": {"pretrain": searched, "draw": drawn(SPARSITY), "transfer": adapted},
        "OMP": {"pretrain": size.fit(size.epochs), "draw": drawn(SPARSITY), "transfer": adapted},
        "drawn there": {"pretrain": searched, "draw": drawn(0.0), "transfer": there},
    }


def _tasks(scale: Scale) -> dict[str, Any]:
    if scale == SMALL:
        return {name: sets for name, sets in _small.targets().items() if name in ELSEWHERE}
    return {"cifar100": {"target": "cifar100"}, "dtd": {"target": {"name": "dtd", "size": 32}}}
