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

from collections.abc import Mapping
from typing import ClassVar, Self, final

from pydantic import model_validator
from torch import Tensor

from tombola.data._counts import Counts
from tombola.fitting.probe import NetworkProbe
from tombola.fitting.session import Session
from tombola.masks.budgets._base import Budget
from tombola.masks.drawing import draw_by_scores, groupings
from tombola.masks.masks import Masks
from tombola.masks.patterns._base import Pattern
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
        asks_size = self.budget.needs_positions or "image" in self.score.NEEDS
        return "data" in self.score.NEEDS or (asks_size and self.image is None)

    @property
    def seeded(self) -> bool:
        return bool({"data", "seed"} & self.score.NEEDS)

    def passes(self, counts: Counts | None) -> float | None:
        found = self.score.passes()
        return None if found is None else self.score.num_rounds * found

    def rung(self, model: Network, task: Task | None, start: Rung | None, *, seed: int, session: Session) -> Rung:
        task = task if self.needs_task else None
        weights, layers = weights_and_layers(model, self.prunable, self.budget, self.image, task)
        groups = groupings(weights, self.pattern, layers)
        probe = NetworkProbe(model, task, seed=seed, device=session.device, image=self.image)
        masks: Masks | None = None
        sparsities = rounds(self.sparsity, self.score.num_rounds)
        for number, sparsity in enumerate(sparsities, 1):
            masks = draw_by_scores(
                self.score.scores(_masked(weights, masks), probe),
                sparsity,
                pattern=self.pattern,
                budget=self.budget,
                groupings=groups,
                layers=layers,
                within=masks,
                note=session.reporter.note if number == len(sparsities) else _unheard,
            )
        assert masks is not None
        return Rung(mask_only(model, masks, self, sparsity=self.sparsity, rule=self.prunable, task=task))


def rounds(sparsity: float, count: int) -> list[float]:
    """The sparsities of ``count`` rounds, each keeping the same part of what the one before kept.

    >>> [round(value, 3) for value in rounds(0.9, 2)]
    [0.684, 0.9]
    """
    return [1 - (1 - sparsity) ** (number / count) for number in range(1, count)] + [sparsity]


def _masked(weights: Mapping[str, Tensor], masks: Masks | None) -> Mapping[str, Tensor]:
    """The weights with +0.0 where they are pruned; copied only where there is something to prune."""
    if masks is None or masks.kept == masks.total:
        return weights
    return {name: weight.detach().masked_fill(~masks[name].to(weight.device), 0.0) for name, weight in weights.items()}


def _unheard(text: str) -> None:
    """What a round before the last has to say holds for the last as well, which says it."""
