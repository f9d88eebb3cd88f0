"""One-shot pruning of the pretrained weights: the lowest scores go, by magnitude unless another score is named.

What: scores every prunable weight, lets the pattern say which live or die together and the budget how many each tensor
keeps, and prunes exactly that many. The ticket is mask-only: the same pretrained model carries every one drawn from it.
When: the first ticket to draw, and the baseline every other scheme must beat.
Cost: by magnitude one pass over the weights; no data, no training, nothing random. Other scores say their own.
Options: ``sparsity``, ``score`` (what a weight is worth), ``pattern`` (what lives or dies together), ``budget`` (global
or a share for each tensor), ``prunable`` (which tensors count), ``image`` (its side in pixels, where a budget counts
operations or a score sends an image through; left out it is that of the task's images).
Reference: Fu et al., arXiv 2304.11834, section 3 (OMP); Han et al., arXiv 1506.02626.
"""

from typing import ClassVar, Self, final

from pydantic import model_validator

from tombola.data._counts import Counts
from tombola.fitting.probe import NetworkProbe
from tombola.fitting.session import Session
from tombola.masks.budgets._base import Budget
from tombola.masks.drawing import groupings
from tombola.masks.patterns._base import Pattern
from tombola.masks.ranking import Ranking, asks_task, is_random, passes_of
from tombola.masks.scores._base import Score
from tombola.models.network import Network
from tombola.models.prunable import PrunableRule
from tombola.registry import Examples
from tombola.schemes._base import Rung, Scheme
from tombola.schemes._drawn import mask_only, weights_and_layers
from tombola.spec import option
from tombola.tasks._base import Task


@final
class OMP(Scheme):
    """One ticket, drawn from the weights as they are."""

    EXAMPLES: ClassVar[Examples] = ({"sparsity": 0.5}, {"sparsity": 0.5, "score": "snip"})

    sparsity: float = option(0.9, "the part of the prunable weights that is pruned", ge=0, lt=1)
    score: Score = option("magnitude", "what a weight is worth", validate_default=True)
    pattern: Pattern = option("element", "which weights live or die together", validate_default=True)
    budget: Budget = option("global", "how what is kept is shared out among the tensors", validate_default=True)
    prunable: PrunableRule = option(
        "double_win", "which tensors may be pruned: double_win, cv_lth, open_lth or re:PATTERN", validate_default=True
    )
    image: int | None = option(
        None, "pixels of an image's side, where operations are counted or ones sent through", absent=None, ge=1
    )

    @model_validator(mode="after")
    def _rounds_fit_the_budget(self) -> Self:
        if self.budget.ONE_SPARSITY and self.score.num_rounds > 1:
            raise ValueError(
                f"budget {self.budget.name} holds at one sparsity, and score {self.score.name} prunes in"
                f" {self.score.num_rounds} rounds, each at its own; write score.rounds=1, or another budget"
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
        ranking = Ranking(self.score, self.pattern, self.budget, groupings(weights, self.pattern, layers), layers)
        probe = NetworkProbe(model, task, seed=seed, device=session.device, image=self.image)
        masks = ranking.masks(weights, probe, self.sparsity, within=None, note=session.reporter.note)
        return Rung(mask_only(model, masks, self, sparsity=self.sparsity, rule=self.prunable, task=task))
