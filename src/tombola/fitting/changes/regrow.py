"""Regrowing: masks that move: some weights are dropped, as many come back elsewhere in the same tensor.

What: every so often the smallest weights of each masked tensor are dropped, a share of those it keeps that falls by a
  cosine from ``fraction`` to 0, and as many of its pruned ones come back: those of the largest gradient in the step's
  own backward pass (RigL, ``grow=step``), or any at random (SET, ``grow=random``). So each tensor keeps exactly as many
  as ever, ties by index. What comes back begins at 0 and without momentum; what is dropped and at once the worthiest to
  come back stays as it was, as in RigL's released code. Groups of a pattern go and come as one, those of one size for
  those of the same.
When: one training is to find masks as well as weights, at the cost of a sparse one. The ticket that is kept has the
  masks that the training ends with.
Cost: a ranking of each tensor: a backward pass has the gradients of pruned weights too. By another score, what that
  costs each time; ``gradient`` is a pass of its own over ``grow.batch`` images, in training mode and changed at random.
Options: ``fraction``, ``every``, ``start`` and ``end``, parts of the training; ``grow``; ``pattern``: the one that the
  masks were drawn with. Where nothing is pruned yet: ``sparsity``, ``budget``, ``prunable``, of masks at random.
Reference: Mocanu et al. (SET), Nature Communications 2018, arXiv 1707.04780; Evci et al. (RigL), ICML 2020, arXiv
  1911.11134. There the batch that masks are moved by trains no weight; here the step goes on with its gradients, under
  the new masks.
"""

import math
from collections.abc import Callable, Mapping
from typing import Annotated, ClassVar, Final, Literal, Self, TypeAlias, final

import torch
from pydantic import PlainValidator, model_validator
from torch import Tensor, nn

from tombola.errors import RequestError
from tombola.fitting.changes._base import Change, Changing, Edit, Given
from tombola.fitting.changes._drawn import drawn, next_step
from tombola.masks.budgets._base import Budget
from tombola.masks.drawing import groupings
from tombola.masks.masks import Masks
from tombola.masks.patterns._base import Grouping, Pattern
from tombola.masks.scores._base import Score
from tombola.masks.scores.random import Random
from tombola.masks.select import smallest
from tombola.models.layers import layers_of
from tombola.models.prunable import PrunableRule
from tombola.objectives._base import Progress
from tombola.registry import Examples
from tombola.spec import option
from tombola.units import Steps

_STEP: Final = "step"


def _growing(value: object) -> object:
    """The step's own gradient, or a score."""
    return value if value == _STEP else Score.parse(value)


Growth: TypeAlias = Annotated[Literal["step"] | Score, PlainValidator(_growing)]
"""By what pruned weights are ranked."""


@final
class Regrow(Change):
    """Masks that move at a constant number of weights."""

    VERSION: ClassVar[int] = 2  # the gradient is of a network in training, no longer in evaluation
    OF_MASKS: ClassVar[bool] = True
    EXAMPLES: ClassVar[Examples] = (
        {"sparsity": 0.5, "every": "2it"},
        {"sparsity": 0.5, "every": "2it", "grow": {"name": "gradient", "batch": 10}},
        {"sparsity": 0.5, "every": "1it", "grow": "random", "end": 1.0},
    )

    fraction: float = option(0.3, "the share of a tensor's kept weights that moves, at first", gt=0, le=1)
    every: Steps = option("100it", "how often, as '100it' or '1ep'", validate_default=True)
    start: float = option(0.0, "when it begins, as a part of the training; never before the first step", ge=0, lt=1)
    end: float = option(0.75, "when masks stay as they are, as a part of the training", gt=0, le=1)
    grow: Growth = option(
        "step",
        "what a pruned weight is worth: its gradient in the step's own batch (step, RigL), random (SET), a score",
    )
    pattern: Pattern = option("element", "which weights go and come together", validate_default=True)
    sparsity: float | None = option(None, "where nothing is pruned yet, of masks drawn at random first", gt=0, lt=1)
    budget: Budget = option("erk", "how those are shared out among the tensors", validate_default=True)
    prunable: PrunableRule = option(
        "double_win", "of which tensors: double_win, cv_lth, open_lth or re:PATTERN", validate_default=True
    )

    @model_validator(mode="after")
    def _can_be_done(self) -> Self:
        if self.start >= self.end:
            raise ValueError(f"start={self.start:g} is not before end={self.end:g}; both are parts of the training")
        if self.pattern.only is not None:
            raise ValueError(
                f"pattern {self.pattern.name} fixes how many of every few weights stay, and what comes back may come"
                " anywhere in its tensor; write element, stripe:4 or block"
            )
        if self.budget.needs_positions:
            raise ValueError(f"budget {self.budget.name} needs an image's size; write erk, uniform, global or lamp")
        return self

    def share(self, progress: Progress) -> float:
        """The share of what is kept that moves before this step; 0 for none."""
        first, last = round(self.start * progress.steps), round(self.end * progress.steps)
        every = max(1, self.every.iterations(progress.per_epoch))
        if progress.step == 0 or progress.step % every or not first <= progress.step < last:
            return 0.0
        return self.fraction / 2 * (1 + math.cos(math.pi * (progress.step - first) / (last - first)))

    def moves(self, progress: Progress) -> bool:
        """Whether any step of the training moves masks."""
        steps = range(progress.steps)
        return any(self.share(Progress(step, progress.steps, progress.per_epoch)) for step in steps)

    def begin(self, given: Given) -> Changing:
        if self.sparsity is None and not any(one.OF_MASKS and one != self for one in given.beside):
            _require_pruned(given.masks or Masks({}))
        return Regrowing(self)


class Regrowing(Changing):
    """`Regrow` at work."""

    def __init__(self, options: Regrow) -> None:
        self._options: Final = options

    def at(self, given: Given, progress: Progress) -> Edit | None:
        if progress.step == 0 and not self._options.moves(progress):
            raise RequestError(
                f"regrow: no step of {progress.steps} moves masks with every={self._options.every} and"
                f" end={self._options.end:g}; write a smaller regrow.every, or leave it out"
            )
        if given.masks is None and self._options.sparsity is not None:
            return Edit(given.network, self._first(given, self._options.sparsity))
        grow, share = self._options.grow, self._options.share(progress)
        if not isinstance(grow, Score) or not share:
            return None
        weights = self._moving(given)
        plain = {name: weight.detach() for name, weight in weights.items()}
        worth = grow.scores(plain, next_step(given, "regrow", progress.step))
        return Edit(given.network, self._moved(given, weights, share, worth.__getitem__))

    def after_backward(self, given: Given, progress: Progress) -> Edit | None:
        share = self._options.share(progress)
        if isinstance(self._options.grow, Score) or not share:
            return None
        weights = self._moving(given)
        return Edit(given.network, self._moved(given, weights, share, lambda name: _steepness(weights[name])))

    def _first(self, given: Given, sparsity: float) -> Masks:
        wanted = self._options
        pattern, budget, rule = wanted.pattern, wanted.budget, wanted.prunable
        return drawn(given, sparsity, score=Random(), pattern=pattern, budget=budget, rule=rule)

    def _moving(self, given: Given) -> dict[str, nn.Parameter]:
        """The weights under masks; raises `RequestError` where none can move."""
        masks = given.masks or Masks({})
        _require_pruned(masks)
        weights = {name: given.network.body.get_parameter(name) for name in masks}
        if still := [name for name, weight in weights.items() if not weight.requires_grad]:
            raise RequestError(f"regrow: {still[0]!r} is not trained, and what comes back would stay 0; leave it out")
        return weights

    def _moved(
        self, given: Given, weights: Mapping[str, nn.Parameter], share: float, worth: Callable[[str], Tensor]
    ) -> Masks:
        """The masks with a share of each moved, to where weights are worth the most, one tensor after the other."""
        masks = given.masks or Masks({})
        groups = groupings(weights, self._options.pattern, layers_of(given.network.body, weights))
        moved = {
            name: _moved(name, groups[name], weight.detach().cpu(), worth(name).cpu(), masks[name].cpu(), share)
            for name, weight in weights.items()
        }
        return Masks(moved)


def _require_pruned(masks: Masks) -> None:
    if all(bool(mask.all()) for mask in masks.values()):
        raise RequestError("regrow moves masks, and nothing is pruned; write regrow.sparsity, or give it a ticket")


def _steepness(weight: nn.Parameter) -> Tensor:
    """|gradient|, 0 where the step's loss does not depend on the weight."""
    return torch.zeros_like(weight) if weight.grad is None else weight.grad.abs()


def _moved(name: str, grouping: Grouping, weight: Tensor, worth: Tensor, mask: Tensor, share: float) -> Tensor:
    """The mask of one tensor, with as many weights as before."""
    alive = grouping.means(mask.double())
    if bool(((alive != 0) & (alive != 1)).any()):
        raise RequestError(
            f"regrow: the mask of {name!r} keeps parts of groups; write the pattern that it was drawn with"
        )
    kept, sizes = alive != 0, grouping.sizes
    magnitudes, worths = grouping.means(weight.abs()), grouping.means(worth)
    for size in torch.unique(sizes):
        of_size = sizes == size
        kept[of_size] = swapped(kept[of_size], magnitudes[of_size], worths[of_size], share)
    return grouping.expand(kept)


def swapped(kept: Tensor, magnitudes: Tensor, worths: Tensor, share: float) -> Tensor:
    """What is kept once a share of it, the smallest, is dropped, and as many of the worthiest come back; ties by index.

    >>> kept = torch.tensor([True, True, False, False])
    >>> swapped(kept, torch.tensor([0.5, 0.1, 0.0, 0.0]), torch.tensor([0.0, 1.0, 2.0, 3.0]), 0.5)
    tensor([ True, False, False,  True])
    """
    count = int(share * int(kept.sum()))
    left = kept & ~smallest(magnitudes.masked_fill(~kept, torch.inf), count)
    return left | smallest((-worths).masked_fill(left, torch.inf), count)
