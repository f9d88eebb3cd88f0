"""Gradual pruning: sparsity rises while the network is trained, fast at first and ever slower, or evenly.

What: every so often between ``start`` and ``end`` the weights are ranked by a score as they are then, and as many are
  pruned as the curve says; what is pruned stays so. At ``end`` it is exactly ``sparsity``, and training goes on. Cubic:
  s(t) = s_f + (s_i - s_f) (1 - t)^3; linear: evenly. Where the training has masks already, it begins at their sparsity.
When: one training is to give the sparse network, with no way back to earlier weights.
Cost: one training, and a score each time it prunes: nothing by magnitude.
Options: ``sparsity``; ``start`` and ``end``, parts of the training; ``every``; ``curve``; ``score``, ``pattern``,
  ``budget``, ``prunable`` as of scheme omp.
Reference: Zhu & Gupta, "To prune, or not to prune", arXiv 1710.01878, equation 1.
"""

from typing import ClassVar, Final, Literal, Self, final

from pydantic import model_validator

from tombola.fitting.changes._base import Change, Changing, Edit, Given
from tombola.fitting.changes._drawn import drawn, rising
from tombola.masks.budgets._base import Budget
from tombola.masks.masks import Masks
from tombola.masks.patterns._base import Pattern
from tombola.masks.scores._base import Score
from tombola.models.prunable import PrunableRule
from tombola.objectives._base import Progress
from tombola.registry import Examples
from tombola.spec import option
from tombola.units import Steps


@final
class Prune(Change):
    """Masks that get sparser."""

    OF_MASKS: ClassVar[bool] = True
    EXAMPLES: ClassVar[Examples] = (
        {"sparsity": 0.5, "every": "1it"},
        {"sparsity": 0.5, "every": "2it", "curve": "linear", "start": 0.25, "end": 1.0, "score": "snip"},
    )

    sparsity: float = option(0.9, "the part of the prunable weights that is pruned at the end", gt=0, lt=1)
    start: float = option(0.0, "when it begins, as a part of the training", ge=0, lt=1)
    end: float = option(0.75, "when the sparsity is reached, as a part of the training", gt=0, le=1)
    every: Steps = option("100it", "how often it prunes, as '100it' or '1ep'", validate_default=True)
    curve: Literal["cubic", "linear"] = option("cubic", "how the sparsity rises: ever slower, or evenly")
    score: Score = option("magnitude", "what a weight is worth", validate_default=True)
    pattern: Pattern = option("element", "which weights live or die together", validate_default=True)
    budget: Budget = option("global", "how what is kept is shared out among the tensors", validate_default=True)
    prunable: PrunableRule = option(
        "double_win", "which tensors may be pruned: double_win, cv_lth, open_lth or re:PATTERN", validate_default=True
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.start >= self.end:
            raise ValueError(f"start={self.start:g} is not before end={self.end:g}; both are parts of the training")
        if self.budget.ONE_SPARSITY:
            raise ValueError(f"budget {self.budget.name} holds at one sparsity, and here there are many; write another")
        if self.budget.needs_positions:
            raise ValueError(
                f"budget {self.budget.name} counts operations, and no image's size is known while a network is trained;"
                " write global, uniform, erk or lamp"
            )
        return self

    def span(self, steps: int) -> tuple[int, int]:
        """The first and the last step before which it prunes, of a training of so many."""
        last = min(steps - 1, round(self.end * steps))
        return min(last, round(self.start * steps)), last

    def begin(self, given: Given) -> Changing:
        return Pruning(self, rising(given, self.prunable, self.sparsity, "prune").sparsity)


class Pruning(Changing):
    """`Prune` at work, from a first sparsity on."""

    def __init__(self, options: Prune, first: float) -> None:
        self._options: Final = options
        self._first: Final = first

    def at(self, given: Given, progress: Progress) -> Edit | None:
        sparsity = self._sparsity(progress)
        if sparsity is None:
            return None
        masks = self._masks(given, sparsity)
        return Edit(given.network, Masks({**(given.masks or {}), **masks}))

    def _sparsity(self, progress: Progress) -> float | None:
        """What it is to be from this step on; None where it stays."""
        wanted = self._options
        first, last = wanted.span(progress.steps)
        every = max(1, wanted.every.iterations(progress.per_epoch))
        if not first <= progress.step <= last or (progress.step != last and (progress.step - first) % every):
            return None
        left = 1 - (progress.step - first) / (last - first) if last > first else 0.0
        return risen(self._first, wanted.sparsity, left, 3 if wanted.curve == "cubic" else 1)

    def _masks(self, given: Given, sparsity: float) -> Masks:
        wanted = self._options
        score, pattern, budget = wanted.score, wanted.pattern, wanted.budget
        return drawn(given, sparsity, score=score, pattern=pattern, budget=budget, rule=wanted.prunable)


def risen(first: float, last: float, left: float, power: int) -> float:
    """The sparsity when this part of the way is left: evenly by power 1, the cubic curve by 3.

    >>> [round(risen(0.0, 0.8, left, 3), 3) for left in (1.0, 0.5, 0.0)]
    [0.0, 0.7, 0.8]
    """
    return last + (first - last) * left**power
