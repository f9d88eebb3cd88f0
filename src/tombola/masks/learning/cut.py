"""`Cut`: the highest of many scores, exactly as many as asked, quick for scores that move a little between calls.

A cut remembers where its threshold was and how far it moved. The next time two comparisons say how many scores lie
above and below a narrow bracket around the expected place, and only what lies inside is sorted. When the bracket
missed, another is read from a sample, and when that misses too it is found by quickselect; so nothing but a bracket's
content is ever sorted, and the result never depends on what is remembered. All of it runs on the scores' device.
"""

from collections.abc import Sequence
from math import isfinite
from typing import final

import torch
from torch import Tensor

from tombola.masks.learning.laid import Laid
from tombola.masks.learning.split import Bracket, Part, Split, places_of, sampled

_FEW = 2048  # so many scores are sorted at once, or
_SHARE = 64  # one in so many; of more a narrower bracket is sought first
_REACH = 1024  # the next bracket is made to hold one score in so many on either side


@final
class Cut:
    """Which groups of several tensors stay when the lowest go until so much weight is gone, as near as groups allow.

    ``sizes`` has, for each tensor, how many weights each of its groups holds; ``weight`` is how many are to go. The
    rule is the budgets' own: of two counts of groups equally near the even one; among equal scores the lower index
    goes first, tensors in order. NaN counts as minus infinity.

    >>> Cut([torch.ones(4, dtype=torch.int64)], 2).kept([torch.tensor([0.3, -0.1, 0.3, 0.2])])
    [tensor([ True, False,  True, False])]
    """

    def __init__(self, sizes: Sequence[Tensor], weight: float) -> None:
        told = [one_number(tensor) for tensor in sizes]
        each = {size if isinstance(size, int) else 0 for size in told}
        one_size = each.pop() if len(each) == 1 else 0
        self._sizes: list[int | Tensor] = [1] * len(told) if one_size else told
        self._target: float = round(weight / one_size) if one_size else weight
        groups = sum(tensor.numel() for tensor in sizes)
        self._few = max(_FEW, groups // _SHARE)
        self._memory = _Memory(max(16, groups // _REACH))

    def kept(self, scores: Sequence[Tensor]) -> list[Tensor]:
        """True for the groups that stay; a boolean tensor for each tensor of scores, laid out in memory as it is."""
        laid = [Laid.of(tensor.detach()) for tensor in scores]
        parts = [
            Part(item, size if isinstance(size, int) else item.as_flat(size))
            for item, size in zip(laid, self._sizes, strict=True)
        ]
        split = self._split(parts)
        if not split.holds(self._target):  # so many are NaN that the threshold is among them
            parts = [part.without_nan() for part in parts]
            split = self._split(parts)
        return self._finished(parts, split)

    def _split(self, parts: Sequence[Part]) -> Split:
        """A split whose bracket holds the threshold and little else, or nothing but ties."""
        remembered = self._memory.bracket
        if remembered is not None and self._serves(split := Split.at(parts, remembered)):
            return split
        split = Split.at(parts, sampled(parts, self._target))
        return split if self._serves(split) else Split.at(parts, split.narrower(parts, self._target, self._few))

    def _serves(self, split: Split) -> bool:
        low, high = split.bracket
        return split.holds(self._target) and (split.inside <= self._few or low == high)

    def _finished(self, parts: Sequence[Part], split: Split) -> list[Tensor]:
        """What is above the bracket stays, and of its content all but the first in order."""
        places = [places_of(mask) for mask in split.within]
        scores = torch.cat([part.scores[where] for part, where in zip(parts, places, strict=True)])
        sizes = torch.cat([part.sizes_at(where) for part, where in zip(parts, places, strict=True)])
        order = _by_index(parts, places)
        if split.bracket[0] != split.bracket[1]:
            order = order[(scores[order] + 0.0).sort(stable=True).indices]  # + 0.0: -0.0 is no less than 0.0
        goes = _nearest(sizes[order], split, self._target)
        self._memory.learn(scores[order], goes)
        stays = torch.ones(len(order), dtype=torch.bool, device=order.device)
        stays[order[:goes]] = False
        begin = 0
        for mask, where in zip(split.above, places, strict=True):
            mask[where] = stays[begin : begin + len(where)]
            begin += len(where)
        return [part.laid.shaped(mask) for part, mask in zip(parts, split.above, strict=True)]


class _Memory:
    """Where the next threshold is looked for."""

    def __init__(self, reach: int) -> None:
        self.bracket: Bracket | None = None
        self._reach = reach
        self._last: float | None = None
        self._expected = 0.0
        self._error = 0.0

    def learn(self, ordered: Tensor, goes: int) -> None:
        """Take in a bracket's content, ascending, of which the first ``goes`` went."""
        last = len(ordered) - 1
        if last < 0:
            return
        low, high = max(0, goes - self._reach), min(last, goes + self._reach)
        now, first, final = (float(ordered[place]) for place in (min(goes, last), low, high))
        moved = 0.0 if self._last is None else now - self._last
        self._error = 0.0 if self._last is None else max(abs(now - self._expected), 0.8 * self._error)
        self._last, self._expected = now, now + moved
        half = max(self._reach * (final - first) / max(1, high - low), 2 * self._error)
        known = isfinite(half) and isfinite(self._expected)
        self.bracket = (self._expected - half, self._expected + half) if known else None


def one_number(sizes: Tensor) -> int | Tensor:
    """The number that all of them are; or the sizes as they are, where they differ."""
    if sizes.numel() == 0:
        return 1
    seen_everywhere = not any(sizes.stride())
    low, high = (int(extreme) for extreme in torch.aminmax(sizes[(0,) * sizes.dim()] if seen_everywhere else sizes))
    return low if low == high else sizes


def _by_index(parts: Sequence[Part], places: Sequence[Tensor]) -> Tensor:
    """The content of a bracket in the order of tensors and row-major indices."""
    order, begin = [], 0
    for part, where in zip(parts, places, strict=True):
        here = torch.arange(len(where), device=where.device)
        order.append(begin + (here if part.laid.plain else part.laid.indices(where).argsort()))
        begin += len(where)
    return torch.cat(order)


def _nearest(sizes: Tensor, split: Split, target: float) -> int:
    """How many of the bracket's groups go: the count whose weight, with all below, comes nearest to the target."""
    upto = split.below_weight + torch.cat([sizes.new_zeros(1), sizes.cumsum(0)])
    above = int((upto.double() < target).count_nonzero())
    if above == 0 or above == len(upto):
        return min(above, len(upto) - 1)
    low, high = target - int(upto[above - 1]), int(upto[above]) - target
    if low == high:
        return above if (split.below + above) % 2 == 0 else above - 1
    return above if high < low else above - 1
