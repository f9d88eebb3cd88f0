"""One-shot magnitude pruning: the smallest pretrained weights go, all at once.

What: scores every prunable weight by its magnitude, lets the budget share out how many each tensor keeps, and prunes
exactly that many. The ticket is mask-only: the same pretrained model carries every one drawn from it.
When: the first ticket to draw, and the baseline every other scheme must beat.
Cost: one pass over the weights; no data, no training, nothing random.
Options: ``sparsity``, ``pattern`` (what lives or dies together), ``budget`` (global or a share for each tensor),
``prunable`` (which tensors count).
Reference: Fu et al., arXiv 2304.11834, section 3 (OMP); Han et al., arXiv 1506.02626.
"""

from collections.abc import Iterator
from typing import ClassVar

from tombola.fitting.session import Session
from tombola.masks.budgets._base import Budget
from tombola.masks.drawing import draw_masks
from tombola.masks.patterns._base import Pattern
from tombola.models.digest import weights_digest
from tombola.models.network import Network
from tombola.models.prunable import PrunableRule, prunable
from tombola.schemes._base import Scheme
from tombola.schemes._versions import versions
from tombola.spec import option
from tombola.tasks._base import Task
from tombola.tickets.lineage import Lineage
from tombola.tickets.ticket import Ticket


class OMP(Scheme):
    """One ticket, drawn from the magnitudes of the weights as they are."""

    TRAINS: ClassVar[bool] = False

    sparsity: float = option(0.9, "the part of the prunable weights that is pruned", ge=0, lt=1)
    pattern: Pattern = option("element", "which weights live or die together", validate_default=True)
    budget: Budget = option("global", "how what is kept is shared out among the tensors", validate_default=True)
    prunable: PrunableRule = option(
        "double_win", "which tensors may be pruned: double_win, cv_lth, open_lth or re:PATTERN", validate_default=True
    )

    def draw(self, model: Network, task: Task | None, *, seed: int, session: Session) -> Iterator[Ticket]:
        weights = prunable(model.body, self.prunable)
        masks = draw_masks(weights, self.sparsity, pattern=self.pattern, budget=self.budget)
        lineage = Lineage(
            model=model.source,
            weights_digest=weights_digest(model.body),
            scheme=self.identity(),
            sparsity=self.sparsity,
            prunable=str(self.prunable),
            versions=versions(),
        )
        yield Ticket.of(model.body, masks, lineage, keep_values=False)
