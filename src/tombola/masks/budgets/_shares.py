"""How many groups of each tensor go, when a rule says in what proportion the tensors keep their weights.

Each tensor keeps its proportion times one common scale, as near as its groups allow, and the scale is the one at which
the tensors together come to what is asked. A larger scale never prunes more anywhere, so what is drawn at a higher
sparsity is nested in what is drawn at a lower one; handing out largest remainders would not give that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, isneginf

from tombola.masks.budgets._base import Allocation, Groups
from tombola.masks.budgets._floor import already, emptied, spared, too_sparse
from tombola.masks.budgets._ranking import asked, nearest, one_size, ranked, weights_in
from tombola.masks.select import all_but_smallest_of

_TINY = 1e-30


def shared(groups: Mapping[str, Groups], keep: Mapping[str, float], sparsity: float, floor: int) -> Allocation:
    """The lowest groups of each tensor go; it keeps weights in proportion to ``keep``, at most all, at least a floor.

    The count over all tensors is exact where all groups have one size, and else as near as the tensors' own roundings
    let it come. A tensor of which more is pruned already than its share stays as it is, and the others keep more.
    """
    columns = {name: _Column(item, keep[name], floor) for name, item in groups.items()}
    target, total = asked(groups, sparsity), weights_in(groups)
    least = {name: column.least for name, column in columns.items()}
    if (before := _gone(columns, least)) > target:
        return Allocation(_kept(groups, least), already(target, before, total))
    _require_reachable(columns, target, total, floor)
    scale, counts = _cut(columns, target)
    kept = _kept(groups, counts)
    saved = [name for name, column in columns.items() if counts[name] == column.most < column.wanted(scale)]
    return Allocation(kept, spared(saved, kept, floor) if floor else emptied(kept, groups))


@dataclass(frozen=True)
class _Column:
    """One tensor's groups as a column to cut: ``weights(n)`` go with its n lowest groups."""

    item: Groups
    keep: float
    floor: int

    @cached_property
    def total(self) -> float:
        return weights_in({"": self.item})

    @cached_property
    def least(self) -> int:
        """How many groups are pruned already."""
        return int(isneginf(self.item.scores).count_nonzero())

    @cached_property
    def most(self) -> int:
        return max(self.least, self.item.scores.numel() - self.floor)

    def wanted(self, scale: float) -> int:
        """How many groups should go at this scale, before floor and what is pruned already are looked at."""
        target = self.total - min(self.total, scale * self.keep)
        if self._size is None:
            return nearest(self._upto, target)
        return round(target / self._size) if self._size else 0

    def count(self, scale: float) -> int:
        """How many groups go at this scale."""
        return min(max(self.wanted(scale), self.least), self.most)

    def weights(self, count: int) -> float:
        """How many weights go with that many groups."""
        return float(self._upto[count]) if self._size is None else self._size * count

    @cached_property
    def _size(self) -> float | None:
        return one_size({"": self.item})

    @cached_property
    def _upto(self) -> NDArray[np.float64]:
        return ranked({"": self.item})[1]


def _gone(columns: Mapping[str, _Column], counts: Mapping[str, int]) -> float:
    return sum(column.weights(counts[name]) for name, column in columns.items())


def _require_reachable(columns: Mapping[str, _Column], target: float, total: float, floor: int) -> None:
    most = _gone(columns, {name: column.most for name, column in columns.items()})
    if target - most > min(float(column.item.sizes.min()) for column in columns.values()) / 2:
        raise too_sparse(target, total - most, total, floor)


def _cut(columns: Mapping[str, _Column], target: float) -> tuple[float, dict[str, int]]:
    """The largest scale at which enough goes, and how many groups of each tensor go."""
    low, high = 0.0, max(column.total / column.keep for column in columns.values())
    while low < (middle := (low + high) / 2) < high and high > _TINY:
        if _gone(columns, {name: column.count(middle) for name, column in columns.items()}) >= target:
            low = middle
        else:
            high = middle
    counts = {name: column.count(high) for name, column in columns.items()}
    missing = target - _gone(columns, counts)
    # At the threshold itself several tensors may be about to lose a group: the first ones do, while that comes nearer.
    for name, column in columns.items():
        while counts[name] < column.count(low):
            step = column.weights(counts[name] + 1) - column.weights(counts[name])
            if abs(missing - step) >= abs(missing):
                return low, counts
            counts[name] += 1
            missing -= step
    return low, counts


def _kept(groups: Mapping[str, Groups], counts: Mapping[str, int]) -> dict[str, Tensor]:
    return {name: all_but_smallest_of([item.scores], counts[name], names=[name])[0] for name, item in groups.items()}
