"""SET: now and then the smallest weights that are left go, and as many come back at random places, from 0.

What: every so often, in every tensor that has a mask, ``part`` of the weights that are kept are pruned, the smallest
  first, and as many of those that were pruned are kept again; they begin at 0. Each tensor keeps as many as before. A
  training without masks is left alone, until another change (``prune``) brings some.
When: a network is sparse from its first step, and nobody knows yet which weights it will need.
Cost: sorting each tensor, each time; training costs what the sparse network costs.
Options: ``part``, ``every``, ``end`` (a part of the training, behind which masks stay).
Reference: Mocanu et al., "Scalable training of artificial neural networks with adaptive sparse connectivity inspired by
  network science", Nature Communications 9, 2018, arXiv 1707.04780.
"""

from typing import ClassVar, Final, final

import torch
from torch import Tensor

from tombola.fitting.changes._base import Change, Changing, Edit, Given
from tombola.fitting.seeds import generator
from tombola.masks.masks import Masks
from tombola.objectives._base import Progress
from tombola.registry import Examples
from tombola.spec import option
from tombola.units import Steps


def evolved(weight: Tensor, mask: Tensor, part: float, drawn: torch.Generator) -> Tensor:
    """A mask of as many: without the smallest of what is kept (ties by index), with as many of what was pruned.

    >>> kept = torch.tensor([True, True, False])
    >>> evolved(torch.tensor([3.0, 1.0, 0.0]), kept, 0.5, torch.Generator())
    tensor([ True, False,  True])
    """
    kept, pruned = (torch.nonzero(side.flatten()).flatten() for side in (mask, ~mask))
    count = min(round(part * len(kept)), len(pruned))
    smallest = kept[weight.flatten()[kept].abs().argsort(stable=True)[:count]]
    found = mask.flatten().clone()
    found[smallest] = False
    found[pruned[torch.randperm(len(pruned), generator=drawn)[:count]]] = True
    return found.view(mask.shape)


@final
class Evolution(Change):
    """Masks that move."""

    EXAMPLES: ClassVar[Examples] = ({"every": "2it"}, {"every": "1it", "part": 0.1, "end": 1.0})

    part: float = option(0.3, "how many of the kept weights move each time, as a part of them", gt=0, lt=1)
    every: Steps = option("1ep", "how often they move, as '100it' or '1ep'", validate_default=True)
    end: float = option(0.75, "from when on masks stay, as a part of the training", gt=0, le=1)

    def begin(self, given: Given) -> Changing:
        return Evolving(self)


class Evolving(Changing):
    """`Evolution` at work; it carries nothing, as chance hangs on the seed and the step."""

    def __init__(self, options: Evolution) -> None:
        self._options: Final = options

    def at(self, given: Given, progress: Progress) -> Edit | None:
        every = max(1, self._options.every.iterations(progress.per_epoch))
        due = 0 < progress.step < self._options.end * progress.steps and progress.step % every == 0
        if not due or not given.masks:
            return None
        drawn = generator(given.seed, "evolution", progress.step)
        masks = {
            name: evolved(given.network.body.get_parameter(name).detach().cpu(), mask.cpu(), self._options.part, drawn)
            for name, mask in given.masks.items()
        }
        return Edit(given.network, Masks(masks))
