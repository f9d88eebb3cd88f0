"""Masks that follow learned scores: after every step the groups that are then the highest, as many as at the start."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import TypeAlias, final

import torch
from torch import Tensor

from tombola.masks.budgets._base import Allocation, Budget, Groups
from tombola.masks.budgets.global_ import Global
from tombola.masks.layers import Layer
from tombola.masks.learning.cut import Cut, one_number
from tombola.masks.patterns._base import Grouping, Pattern

Scores: TypeAlias = Mapping[str, Tensor]
"""One number a group, by the weight's name."""


@final
class Following:
    """Which groups are kept for any scores; how many is settled once, by the budget and the groups' ``magnitudes``.

    Under the global budget one threshold for all tensors decides anew each time how they share what is kept, and its
    floor holds; under any other budget each tensor keeps what it was given. A pattern that fixes by itself how many
    are kept, such as n:m, is asked each time. For the magnitudes themselves these are the groups the budget keeps.
    """

    def __init__(
        self,
        magnitudes: Scores,
        sparsity: float,
        *,
        pattern: Pattern,
        budget: Budget,
        groupings: Mapping[str, Grouping],
        layers: Mapping[str, Layer],
    ) -> None:
        self._sparsity, self._pattern, self._budget = sparsity, pattern, budget
        self._layers = {name: layers.get(name, Layer.of(score)) for name, score in magnitudes.items()}
        self._sizes = {name: groupings[name].sizes for name in magnitudes}
        first = self._chosen(magnitudes)
        self.notes = first.notes
        gone = {name: _weight(self._sizes[name], ~kept.cpu()) for name, kept in first.kept.items()}
        shares = [list(gone)] if isinstance(budget, Global) else [[name] for name in gone]
        self._cuts = [(names, self._cut(names, sum(gone[name] for name in names))) for names in shares]
        self._floor = _Floor(self._sizes, budget.floor, sum(gone.values())) if isinstance(budget, Global) else None

    def kept(self, scores: Scores) -> dict[str, Tensor]:
        """A boolean a group, True where it is kept. The scores are not changed."""
        if type(self._pattern).choose is not Pattern.choose:
            return self._chosen({name: _ranked(score.detach()) for name, score in scores.items()}).kept
        found: dict[str, Tensor] = {}
        for names, cut in self._cuts:
            found.update(zip(names, cut.kept([scores[name] for name in names]), strict=True))
        return found if self._floor is None else self._floor.spared(scores, found)

    def _cut(self, names: Sequence[str], weight: int) -> Cut:
        return Cut([self._sizes[name] for name in names], weight)

    def _chosen(self, scores: Scores) -> Allocation:
        groups = {name: Groups(score, self._sizes[name], self._layers[name]) for name, score in scores.items()}
        return self._pattern.choose(groups, self._sparsity, self._budget)


class _Floor:
    """So many groups of every tensor stay whatever their scores; the next lowest of the others go instead."""

    def __init__(self, sizes: Mapping[str, Tensor], floor: int, weight: int) -> None:
        self._floor = floor
        self._last = {name: Cut([torch.ones_like(size)], max(0, size.numel() - floor)) for name, size in sizes.items()}
        self._cut = Cut(list(sizes.values()), weight)

    def spared(self, scores: Scores, kept: dict[str, Tensor]) -> dict[str, Tensor]:
        if all(int(item.count_nonzero()) >= min(self._floor, item.numel()) for item in kept.values()):
            return kept
        safe = {name: self._last[name].kept([score])[0] for name, score in scores.items()}
        lifted = [score.detach().masked_fill(safe[name], torch.inf) for name, score in scores.items()]
        return dict(zip(scores, self._cut.kept(lifted), strict=True))


def _weight(sizes: Tensor, mask: Tensor) -> int:
    """The weights of the groups where the mask is True."""
    each = one_number(sizes)
    return int(sizes[mask].sum()) if isinstance(each, Tensor) else each * int(mask.count_nonzero())


def _ranked(scores: Tensor) -> Tensor:
    """The scores with NaN as the lowest number there is: a loss that is NaN is found out by the training loop."""
    if isfinite(float(scores.sum())):  # one quick reading says that there are none
        return scores
    return scores.masked_fill(scores.isnan(), torch.finfo(scores.dtype).min)
