"""One-shot pruning of the pretrained weights: the lowest scores go, by magnitude unless another score is named.

What: scores every prunable weight, lets the pattern say which live or die together and the budget how many each tensor
keeps, and prunes exactly that many. The ticket is mask-only: the same pretrained model carries every one drawn from it.
When: the first ticket to draw, and the baseline every other scheme must beat.
Cost: by magnitude one pass over the weights; no data, no training, nothing random. Other scores say their own.
Options: ``sparsity``, ``score`` (what a weight is worth), ``pattern`` (what lives or dies together), ``budget`` (global
or a share for each tensor), ``prunable`` (which tensors count), ``image`` (for budgets that count operations).
Reference: Fu et al., arXiv 2304.11834, section 3 (OMP); Han et al., arXiv 1506.02626.
"""

from typing import final

from tombola.fitting.probe import NetworkProbe
from tombola.fitting.session import Session
from tombola.masks.budgets._base import Budget
from tombola.masks.drawing import draw_by_scores, groupings
from tombola.masks.masks import Masks
from tombola.masks.patterns._base import Pattern
from tombola.masks.scores._base import Score
from tombola.models.network import Network
from tombola.models.prunable import PrunableRule
from tombola.schemes._base import Rung, Scheme
from tombola.schemes._drawn import mask_only, weights_and_layers
from tombola.spec import option
from tombola.tasks._base import Task


@final
class OMP(Scheme):
    """One ticket, drawn from the weights as they are."""

    sparsity: float = option(0.9, "the part of the prunable weights that is pruned", ge=0, lt=1)
    score: Score = option("magnitude", "what a weight is worth", validate_default=True)
    pattern: Pattern = option("element", "which weights live or die together", validate_default=True)
    budget: Budget = option("global", "how what is kept is shared out among the tensors", validate_default=True)
    prunable: PrunableRule = option(
        "double_win", "which tensors may be pruned: double_win, cv_lth, open_lth or re:PATTERN", validate_default=True
    )
    image: int | None = option(None, "pixels of an image's side, for budgets that count operations", absent=None, ge=1)

    @property
    def needs_task(self) -> bool:
        return "data" in self.score.NEEDS

    @property
    def seeded(self) -> bool:
        return bool(self.score.NEEDS)

    def rung(self, model: Network, task: Task | None, start: Rung | None, *, seed: int, session: Session) -> Rung:
        weights, layers = weights_and_layers(model, self.prunable, self.budget, self.image)
        groups = groupings(weights, self.pattern, layers)
        probe = NetworkProbe(model, task if self.needs_task else None, seed=seed, device=session.device)
        masks = Masks.full(weights)
        for sparsity in rounds(self.sparsity, self.score.rounds):
            masked = {name: weight.detach() * masks[name].to(weight.device) for name, weight in weights.items()}
            masks = draw_by_scores(
                self.score.scores(masked, probe),
                sparsity,
                pattern=self.pattern,
                budget=self.budget,
                groupings=groups,
                layers=layers,
                within=None if masks.sparsity == 0 else masks,
                note=session.reporter.note,
            )
        task = task if self.needs_task else None
        return Rung(mask_only(model, masks, self, sparsity=self.sparsity, rule=self.prunable, task=task))


def rounds(sparsity: float, count: int) -> list[float]:
    """The sparsities of ``count`` rounds, each keeping the same part of what the one before kept.

    >>> [round(value, 3) for value in rounds(0.9, 2)]
    [0.684, 0.9]
    """
    return [1 - (1 - sparsity) ** (number / count) for number in range(1, count)] + [sparsity]
