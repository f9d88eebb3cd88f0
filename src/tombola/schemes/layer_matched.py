"""A random ticket with exactly the density another ticket has in every layer.

What: keeps in each layer as many weights as the ticket of ``of`` keeps there, but random ones, in the pattern's groups
  (of every size of group as many as that ticket keeps). What is left of that ticket is how it shares out its weights.
When: asking whether it matters which weights are kept, or only how many in which layer.
Cost: one random number a group, beside the ticket of ``of``, which a study stores once.
Options: ``of``, the scheme whose densities are taken; ``pattern``, which must be its own, or element. A ``sparsity``
  is passed on to ``of``.
Reference: the layerwise random pruning of OpenLTH; Frankle et al., "Pruning Neural Networks at Initialization: Why Are
  We Missing the Mark?", ICLR 2021 (random shuffling within layers).
"""

from collections.abc import Mapping
from typing import ClassVar, final

import numpy as np
import torch
from torch import Tensor

from tombola.errors import RequestError
from tombola.fitting.seeds import generator
from tombola.fitting.session import Session
from tombola.masks.budgets._base import Allocation, Budget, Groups
from tombola.masks.drawing import draw_by_scores, groupings
from tombola.masks.masks import Masks
from tombola.masks.patterns._base import Grouping, Pattern
from tombola.masks.select import all_but_smallest_of
from tombola.models.layers import layers_of
from tombola.models.network import Network
from tombola.registry import Examples
from tombola.schemes._base import Rung
from tombola.schemes._chance import lots
from tombola.schemes._control import Control, dense, given, weights_of, with_masks
from tombola.spec import option
from tombola.tasks._base import Task


@final
class LayerMatched(Control):
    """Random masks, as dense in every layer as those of another ticket."""

    EXAMPLES: ClassVar[Examples] = ({"of": {"name": "omp", "sparsity": 0.5}},)

    pattern: Pattern = option("element", "which weights live or die together", validate_default=True)

    @property
    def seeded(self) -> bool:
        return True

    @torch.no_grad()
    def rung(self, model: Network, task: Task | None, start: Rung | None, *, seed: int, session: Session) -> Rung:
        ticket = given(start)
        assert start is not None
        network = dense(model, start, self)
        weights = weights_of(model, ticket.masks)
        layers = layers_of(model.body, weights)
        groups = groupings(weights, self.pattern, layers)
        counts = {name: _kept_by_size(name, mask, groups[name], self.pattern) for name, mask in ticket.masks.items()}
        masks = draw_by_scores(
            lots(weights, groups, generator(seed, self.name)),
            ticket.masks.sparsity if ticket.lineage.sparsity is None else ticket.lineage.sparsity,
            pattern=self.pattern,
            budget=_AsMany(counts=counts),
            groupings=groups,
            layers=layers,
            note=session.reporter.note,
        )
        _check(masks, ticket.masks, self.pattern)
        return Rung(with_masks(self, ticket, network, masks, sparsity=ticket.lineage.sparsity))


@final
class _AsMany(Budget):
    """Keeps a given number of the groups of every size in every layer."""

    counts: dict[str, dict[int, int]] = option(help="by tensor, by size of group: how many groups are kept")

    def allocate(self, groups: Mapping[str, Groups], sparsity: float) -> Allocation:
        return Allocation({name: _highest(item, self.counts[name]) for name, item in groups.items()})


def _highest(groups: Groups, counts: Mapping[int, int]) -> Tensor:
    kept = torch.zeros(groups.scores.shape, dtype=torch.bool, device=groups.scores.device)
    for size, count in counts.items():
        here = groups.sizes == size
        scores = groups.scores[here]
        (kept[here],) = all_but_smallest_of([scores], len(scores) - count)
    return kept


def _kept_by_size(name: str, mask: Tensor, grouping: Grouping, pattern: Pattern) -> dict[int, int]:
    alive = grouping.means(mask.double())
    if bool(((alive != 0) & (alive != 1)).any()):
        raise RequestError(
            f"pattern={pattern.name}: the ticket it is a control of keeps parts of such groups in {name};"
            " write the pattern that ticket was drawn with, or element"
        )
    sizes = grouping.sizes
    different = sizes.flatten()[:1] if not any(sizes.stride()) else sizes.flatten()
    return {int(size): int((alive[sizes == size] == 1).sum()) for size in np.unique(different.cpu().numpy())}


def _check(masks: Masks, wanted: Masks, pattern: Pattern) -> None:
    """A pattern that fixes by itself how much is kept may not keep what the ticket does."""
    counts = masks.counts()
    for name, (kept, total) in wanted.counts().items():
        if counts[name][0] != kept:
            raise RequestError(
                f"pattern={pattern.name} keeps {counts[name][0]} of the {total} weights of {name}, the ticket it is a"
                f" control of keeps {kept}; write the pattern that ticket was drawn with, or element"
            )
