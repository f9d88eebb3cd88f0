"""Masks by any score: the rounds in which it prunes, and what whoever ranks weights by it has to ask for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor

from tombola.masks.budgets._base import Budget
from tombola.masks.drawing import draw_by_scores
from tombola.masks.layers import Layer
from tombola.masks.masks import Masks
from tombola.masks.patterns._base import Grouping, Pattern
from tombola.masks.scores._base import Probe, Score


@dataclass(frozen=True)
class Ranking:
    """How weights are ranked and shared out: the same score, pattern and budget for every draw."""

    score: Score
    pattern: Pattern
    budget: Budget
    groupings: Mapping[str, Grouping]
    layers: Mapping[str, Layer]

    def masks(
        self,
        weights: Mapping[str, Tensor],
        probe: Probe,
        sparsity: float,
        *,
        within: Masks | None,
        note: Callable[[str], None],
    ) -> Masks:
        """The masks at a sparsity, nested in ``within``; scored anew after each of the score's rounds."""
        begin = 0.0 if within is None else within.sparsity
        steps = rounds(sparsity, self.score.num_rounds, begin)
        for number, step in enumerate(steps, 1):
            within = draw_by_scores(
                self.score.scores(masked(weights, within), probe),
                step,
                pattern=self.pattern,
                budget=self.budget,
                groupings=self.groupings,
                layers=self.layers,
                within=within,
                note=note if number == len(steps) else _unheard,
            )
        assert within is not None
        return within


def asks_task(score: Score, budget: Budget, image: int | None) -> bool:
    """Whether a task is looked at: for the score's images, or for an image's size that is not given."""
    asks_size = budget.needs_positions or "image" in score.NEEDS
    return "data" in score.NEEDS or (asks_size and image is None)


def is_random(score: Score) -> bool:
    """Whether another seed gives other scores."""
    return bool({"data", "seed"} & score.NEEDS)


def passes_of(score: Score) -> float | None:
    """What all rounds of a score cost, in forward passes of one image; None where it does not say."""
    found = score.passes()
    return None if found is None else score.num_rounds * found


def rounds(sparsity: float, count: int, begin: float = 0.0) -> list[float]:
    """The sparsities of ``count`` rounds from ``begin``, each keeping the same part of what the one before kept.

    >>> [round(value, 3) for value in rounds(0.9, 2)]
    [0.684, 0.9]
    """
    kept = 1 - begin
    left = (1 - sparsity) / kept
    return [1 - kept * left ** (number / count) for number in range(1, count)] + [sparsity]


def masked(weights: Mapping[str, Tensor], masks: Masks | None) -> Mapping[str, Tensor]:
    """The weights with +0.0 where they are pruned; copied only where there is something to prune."""
    if masks is None or masks.kept == masks.total:
        return weights
    return {name: weight.detach().masked_fill(~masks[name].to(weight.device), 0.0) for name, weight in weights.items()}


def _unheard(text: str) -> None:
    """What a round before the last has to say holds for the last as well, which says it."""
