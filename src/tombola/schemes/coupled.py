"""One-shot pruning of whole channels, coupled through the net: what is drawn can be taken out of the layers.

What: a group is a channel as the whole net has it: the rows of every weight that writes it (both sides of a residual
  sum, an expanding and its depthwise convolution, a squeeze-and-excitation's last layer) and the columns of every
  prunable weight that reads it. Groups go by their mean score, as many as bring the pruned weights nearest to
  ``sparsity``, which counts rows and columns: half the channels of a plain net are three quarters of its weights. The
  ticket is mask-only; ``tombola export --to shrink`` makes it as small as its sparsity says, with dense layers.
When: the net is to be smaller and faster in any program. Channels drawn layer by layer (pattern channel) stay wide
  where layers share them.
Cost: following the net once, a second or two; no data, no training, nothing random. Other scores say their own.
Options: as of omp, without patterns: ``sparsity``, ``score``, ``budget`` (its layers are those that write a channel
  first), ``prunable`` (a channel that another layer writes too stays), ``image``; ``sums``: without them only channels
  inside blocks go, which costs less accuracy than those of a residual stream; and ``multiple``: dense engines work on
  8 or 16 channels at once, so that 45 cost what 48 do.
Reference: Li et al., arXiv 1608.08710, section 3.3; Fang et al., "DepGraph", arXiv 2301.12900.
"""

import math
from collections.abc import Mapping
from typing import Self, final

import torch
from pydantic import model_validator
from torch import Tensor

from tombola.data._counts import Counts
from tombola.errors import MaskError
from tombola.fitting.probe import NetworkProbe
from tombola.fitting.session import Session
from tombola.graphs.trace import trace
from tombola.masks.budgets._base import Allocation, Budget, Groups
from tombola.masks.layers import Layer
from tombola.masks.masks import Masks
from tombola.masks.ranking import asks_task, is_random, masked, passes_of, rounds
from tombola.masks.scores._base import Score
from tombola.masks.select import smallest
from tombola.models.image_size import image_size
from tombola.models.network import Network
from tombola.models.prunable import PrunableRule
from tombola.schemes._base import Rung, Scheme
from tombola.schemes._drawn import mask_only, weights_and_layers
from tombola.shrinking.coupling import Coupling
from tombola.shrinking.widening import widenings
from tombola.spec import option
from tombola.tasks._base import Task

_STEPS = 60  # halvings of the share: more than a double tells apart


@final
class Coupled(Scheme):
    """One ticket of whole channels, drawn from the weights as they are."""

    sparsity: float = option(0.5, "the part of the prunable weights that is pruned, rows and columns", ge=0, lt=1)
    score: Score = option("magnitude", "what a weight is worth", validate_default=True)
    budget: Budget = option("global", "how what is kept is shared out among the layers", validate_default=True)
    prunable: PrunableRule = option(
        "double_win", "which tensors may be pruned: double_win, cv_lth, open_lth or re:PATTERN", validate_default=True
    )
    multiple: int = option(1, "every layer keeps a multiple of so many channels, where it has as many", ge=1)
    image: int | None = option(None, "pixels of an image's side the net takes; empty: what it was made for", ge=1)
    sums: bool = option(
        default=True, help="whether channels of maps that are added up, as a residual stream's, may go too", absent=True
    )

    @model_validator(mode="after")
    def _budget_holds_at_any_sparsity(self) -> Self:
        if self.budget.ONE_SPARSITY:
            raise ValueError(
                f"budget {self.budget.name} holds at one sparsity, and coupled tries many: of how many channels the"
                " weights come to what is asked; write global, uniform, erk or lamp"
            )
        return self

    @property
    def needs_task(self) -> bool:
        return asks_task(self.score, self.budget, self.image)

    @property
    def seeded(self) -> bool:
        return is_random(self.score)

    def passes(self, counts: Counts | None) -> float | None:
        return passes_of(self.score)

    def rung(self, model: Network, task: Task | None, start: Rung | None, *, seed: int, session: Session) -> Rung:
        task = task if self.needs_task else None
        weights, layers = weights_and_layers(model, self.prunable, self.budget, self.image, task)
        graph = trace(model, image_size(model, self.image))
        coupling = Coupling.of(graph, weights, widenings(model.body, graph), sums=self.sums)
        if not coupling.layers:
            summed = "" if self.sums else "sums=true, "
            raise MaskError(
                f"no channel may go whole: a layer that {self.prunable} leaves alone writes every one of this net"
                f"{', or it is of a sum' if summed else ''}; write {summed}prunable=double_win, or open_lth"
            )
        probe = NetworkProbe(model, task, seed=seed, device=session.device, image=self.image)
        gone, masks = torch.zeros(coupling.count, dtype=torch.bool), Masks.full(weights)
        for sparsity in rounds(self.sparsity, self.score.num_rounds):
            scores = self.score.scores(masked(weights, masks), probe)
            found = self._nearest(coupling, _groups(coupling, scores, layers, gone), sparsity, masks.total)
            gone = _gone(coupling, found)
            masks = coupling.masks(gone, weights)
        for text in found.notes:
            session.reporter.note(text)
        return Rung(mask_only(model, masks, self, sparsity=self.sparsity, rule=self.prunable, task=task))

    def _nearest(self, coupling: Coupling, groups: Mapping[str, Groups], sparsity: float, total: int) -> Allocation:
        """What the budget keeps at the share of groups with which the pruned weights come nearest to the sparsity.

        A weight goes with its row or its column, so the share of groups is sought: the higher, the more weights go.
        """
        low, high, wanted = 0.0, 1.0, sparsity * total
        below = self._allocated(groups, low)
        above, refused = None, None
        for _ in range(_STEPS):
            middle = (low + high) / 2
            try:
                found = self._allocated(groups, middle)
            except MaskError as error:
                high, refused = middle, error
                continue
            if coupling.pruned(_gone(coupling, found)) <= wanted:
                low, below = middle, found
            else:
                high, above = middle, found
        reached = coupling.pruned(_gone(coupling, below))
        if above is None:
            if refused is not None and wanted - reached > 0.001 * total:
                raise MaskError(
                    f"sparsity={sparsity:g}: at most {math.floor(reached / total * 1e4) / 1e4:g} of the weights go with"
                    " channels that may go (every layer keeps as many as the budget's floor says); write less"
                )
            return below
        over = coupling.pruned(_gone(coupling, above))
        return below if wanted - reached <= over - wanted else above

    def _allocated(self, groups: Mapping[str, Groups], share: float) -> Allocation:
        """What the budget keeps, each layer's count taken to the nearest multiple."""
        found = self.budget.allocate(groups, share)
        if self.multiple == 1:
            return found
        kept = {name: _highest(item.scores, self._even(found.kept[name])) for name, item in groups.items()}
        return Allocation(kept, found.notes)

    def _even(self, kept: Tensor) -> int:
        """A layer that keeps all it has stays so."""
        count, step = int(kept.count_nonzero()), self.multiple
        return len(kept) if count == len(kept) else min(len(kept), max(step, round(count / step) * step))


def _groups(
    coupling: Coupling, scores: Mapping[str, Tensor], layers: Mapping[str, Layer], gone: Tensor
) -> dict[str, Groups]:
    means = coupling.means(scores).masked_fill(gone, -torch.inf)
    sizes = coupling.sizes().long()
    return {name: Groups(means[ties], sizes[ties], layers[name]) for name, ties in coupling.layers.items()}


def _gone(coupling: Coupling, found: Allocation) -> Tensor:
    gone = torch.zeros(coupling.count, dtype=torch.bool)
    for name, ties in coupling.layers.items():
        gone[ties] = ~found.kept[name]
    return gone


def _highest(scores: Tensor, count: int) -> Tensor:
    """True for so many of the highest; of equal ones the higher index stays."""
    return ~smallest(scores, len(scores) - count)
