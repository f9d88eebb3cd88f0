"""A random ticket: so many groups kept, whichever they are.

What: prunes groups drawn at random, exactly as many as asked for; the ticket is mask-only. How many each tensor keeps
  is the budget's business: under ``global`` every group of the network has the same chance, under ``uniform`` every
  tensor has the same sparsity.
When: the least any scheme must beat. For a fair fight, layer by layer, take ``layer_matched``.
Cost: one random number a group; no data, no training.
Options: ``sparsity``, ``pattern``, ``budget``, ``prunable``, ``image`` as for omp. The seed decides which.
Reference: the random tickets of Frankle & Carbin, ICLR 2019, and of Chen et al., NeurIPS 2020 (m_RP).
"""

from typing import ClassVar, final

import torch

from tombola.fitting.seeds import generator
from tombola.fitting.session import Session
from tombola.masks.budgets._base import Budget
from tombola.masks.drawing import draw_by_scores, groupings
from tombola.masks.patterns._base import Pattern
from tombola.models.network import Network
from tombola.models.prunable import PrunableRule
from tombola.registry import Examples
from tombola.schemes._base import Rung, Scheme
from tombola.schemes._chance import lots
from tombola.schemes._drawn import mask_only, weights_and_layers
from tombola.spec import option
from tombola.tasks._base import Task


@final
class Random(Scheme):
    """One ticket, drawn blindly."""

    EXAMPLES: ClassVar[Examples] = ({"sparsity": 0.5},)

    sparsity: float = option(0.9, "the part of the prunable weights that is pruned", ge=0, lt=1)
    pattern: Pattern = option("element", "which weights live or die together", validate_default=True)
    budget: Budget = option("global", "how what is kept is shared out among the tensors", validate_default=True)
    prunable: PrunableRule = option(
        "double_win", "which tensors may be pruned: double_win, cv_lth, open_lth or re:PATTERN", validate_default=True
    )
    image: int | None = option(None, "pixels of an image's side, where operations are counted", ge=1)

    @property
    def needs_task(self) -> bool:
        return self.budget.needs_positions and self.image is None

    @property
    def seeded(self) -> bool:
        return True

    @torch.no_grad()
    def rung(self, model: Network, task: Task | None, start: Rung | None, *, seed: int, session: Session) -> Rung:
        task = task if self.needs_task else None
        weights, layers = weights_and_layers(model, self.prunable, self.budget, self.image, task)
        groups = groupings(weights, self.pattern, layers)
        masks = draw_by_scores(
            lots(weights, groups, generator(seed, "random")),
            self.sparsity,
            pattern=self.pattern,
            budget=self.budget,
            groupings=groups,
            layers=layers,
            note=session.reporter.note,
        )
        return Rung(mask_only(model, masks, self, sparsity=self.sparsity, rule=self.prunable, task=task))
