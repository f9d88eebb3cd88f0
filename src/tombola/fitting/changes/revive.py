"""Reviving: sparsity rises in even steps, and what is pruned may come back, with the value that it had.

What: after every so many steps ``rise`` more of the weights are pruned, up to ``sparsity``, and from there on masks
  are drawn anew as often, until ``end``. Weights are ranked by magnitude, those that are pruned with the value they had
  when they were: it lives on beside the network, where a pruned weight is exactly 0 as ever. ``back=free``: any may
  come back, with that value and without momentum, where others have become smaller. ``reset``: all come back one step
  after each pruning but the last. ``none``: none does, as under ``prune``. Where masks were given, it begins at their
  sparsity.
When: the first cuts come early, when nobody knows which weights will matter; SuperTickets prune so while they search.
Cost: the pruned weights' values in memory, and a ranking each time.
Options: ``sparsity``; ``rise``; ``every``; ``end``, a part of the training: there ``sparsity`` is reached whatever
  ``rise`` says; ``back``; ``pattern``, ``budget``, ``prunable`` as of scheme omp.
Reference: You et al., "SuperTickets", ECCV 2022, arXiv 2207.03677, code: there the values under a mask go on to decay,
  and the network's shrinking makes every mask whole again; here they stay, and masks are cut with their weights.
"""

from collections.abc import Mapping
from typing import ClassVar, Final, Literal, Self, final

import torch
from pydantic import model_validator
from torch import Tensor

from tombola.fitting.changes._base import Change, Changing, Edit, Given, cut
from tombola.fitting.changes._drawn import ranked, rising, within
from tombola.masks.budgets._base import Budget
from tombola.masks.masks import Masks
from tombola.masks.patterns._base import Pattern
from tombola.masks.scores.magnitude import Magnitude
from tombola.models.prunable import PrunableRule
from tombola.objectives._base import Progress
from tombola.registry import Examples
from tombola.spec import option
from tombola.units import Steps


@final
class Revive(Change):
    """Masks that rise, under which values live on."""

    VERSION: ClassVar[int] = 2  # under a ticket it rises from the ticket's sparsity on, and no longer waits there
    OF_MASKS: ClassVar[bool] = True
    OF_ALL_MASKS: ClassVar[bool] = True
    ARGUMENT: ClassVar[str | None] = "back"
    EXAMPLES: ClassVar[Examples] = (
        {"sparsity": 0.5, "every": "2it"},
        {"sparsity": 0.5, "rise": 0.25, "every": "2it", "back": "reset"},
        {"sparsity": 0.5, "every": "1it", "back": "none"},
    )

    sparsity: float = option(0.9, "the part of the prunable weights that is pruned at the end", gt=0, lt=1)
    rise: float = option(0.1, "how much of them more each time", gt=0, lt=1)
    every: Steps = option("100it", "how often it prunes, as '100it' or '1ep'", validate_default=True)
    end: float = option(0.75, "when masks stay as they are, as a part of the training", gt=0, le=1)
    back: Literal["free", "reset", "none"] = option("free", "which pruned weights come back: free, reset (all), none")
    pattern: Pattern = option("element", "which weights live or die together", validate_default=True)
    budget: Budget = option("global", "how what is kept is shared out among the tensors", validate_default=True)
    prunable: PrunableRule = option(
        "double_win", "which tensors may be pruned: double_win, cv_lth, open_lth or re:PATTERN", validate_default=True
    )

    @model_validator(mode="after")
    def _can_be_done(self) -> Self:
        if self.budget.ONE_SPARSITY:
            raise ValueError(f"budget {self.budget.name} holds at one sparsity, and here there are many; write another")
        if self.budget.needs_positions:
            raise ValueError(f"budget {self.budget.name} needs an image's size; write global, uniform, erk or lamp")
        return self

    def asked(self, progress: Progress, first: float = 0.0) -> float | None:
        """The sparsity that masks are drawn at before a step, of weights pruned so far at first; None: they stay."""
        last = self.last(progress)
        every = max(1, self.every.iterations(progress.per_epoch))
        if progress.step == last:
            return self.sparsity
        if not 0 < progress.step < last or progress.step % every:
            return None
        return min(first + progress.step // every * self.rise, self.sparsity)

    def last(self, progress: Progress) -> int:
        """The step before which masks are drawn last."""
        return min(progress.steps - 1, round(self.end * progress.steps))

    def begin(self, given: Given) -> Changing:
        return Reviving(self, rising(given, self.prunable, self.sparsity, "revive"))


@final
class Reviving(Changing):
    """`Revive` at work. ``under`` holds what is under the masks, 0 where a weight is kept."""

    def __init__(self, options: Revive, masks: Masks) -> None:
        self._options: Final = options
        self._first: Final = masks.sparsity
        self._under: dict[str, Tensor] = {name: torch.zeros(shape) for name, shape in masks.shapes().items()}
        self._to_reset = torch.zeros((), dtype=torch.bool)

    def at(self, given: Given, progress: Progress) -> Edit | None:
        sparsity = self._options.asked(progress, self._first)
        if sparsity is not None:
            last = progress.step == self._options.last(progress)
            self._to_reset = torch.tensor(self._options.back == "reset" and not last)
            return self._edit(given, self._drawn(given, sparsity))
        if not self._to_reset:
            return None
        self._to_reset = torch.zeros((), dtype=torch.bool)
        return self._edit(given, Masks.full(self._under))

    def edited(self, edit: Edit) -> None:
        self._under = cut(self._under, edit.network, edit.kept)

    def tensors(self) -> dict[str, Tensor]:
        return {**{f"under/{name}": value for name, value in self._under.items()}, "to_reset": self._to_reset}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        self._under = {name: tensors[f"under/{name}"].cpu().clone() for name in self._under}
        self._to_reset = tensors["to_reset"].cpu().clone()

    def _drawn(self, given: Given, sparsity: float) -> Masks:
        wanted, inside = self._options, within(given, self._options.prunable)
        if wanted.back != "none":
            inside = Masks.full(inside.shapes())
        score, pattern, budget = Magnitude(), wanted.pattern, wanted.budget
        return ranked(given, self._dense(given), sparsity, score=score, pattern=pattern, budget=budget, inside=inside)

    def _dense(self, given: Given) -> dict[str, Tensor]:
        """Every weight with the value it has, or had."""
        return {name: given.network.body.get_parameter(name).detach().cpu() + u for name, u in self._under.items()}

    def _edit(self, given: Given, masks: Masks) -> Edit:
        """From here on these masks; what they prune is put beside, what they let back comes from there."""
        before, dense = within(given, self._options.prunable), self._dense(given)
        revived = {name: dense[name] * (masks[name] & ~before[name]) for name in dense}
        self._under = {name: dense[name].masked_fill(masks[name], 0.0) for name in dense}
        there = {name: value for name, value in revived.items() if bool(value.count_nonzero())}
        return Edit(given.network, Masks({**(given.masks or {}), **masks}), revived=there)
