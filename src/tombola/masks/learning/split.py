"""Scores parted by a bracket, and the search for the bracket in which so much weight is reached: no layer is sorted."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, inf, sqrt
from typing import TypeAlias, final

import numpy as np
import torch
from torch import Tensor

from tombola.masks.learning.laid import Laid

Bracket: TypeAlias = tuple[float, float]
"""The scores from the first number to the second, both included."""

_SAMPLE = 4096  # pivots are read from so many scores
_OF_ALL = 1 << 16  # and a first bracket from so many, so that it holds about one in a hundred


@final
@dataclass(frozen=True)
class Part:
    """One tensor's scores, and how many weights its groups hold: one number, or one each in the scores' order."""

    laid: Laid
    sizes: int | Tensor

    @property
    def scores(self) -> Tensor:
        """Flat, in the order of memory."""
        return self.laid.flat

    @property
    def total(self) -> int:
        """The weights of all groups."""
        return int(self.sizes.sum()) if isinstance(self.sizes, Tensor) else self.sizes * len(self.scores)

    def weight(self, mask: Tensor, count: int) -> int:
        """The weights of the ``count`` groups where the mask is True."""
        return int((self.sizes * mask).sum()) if isinstance(self.sizes, Tensor) else self.sizes * count

    def sizes_at(self, places: Tensor) -> Tensor:
        """Of the groups at some places."""
        if isinstance(self.sizes, Tensor):
            return self.sizes[places]
        return torch.full(places.shape, self.sizes, dtype=torch.int64, device=places.device)

    def without_nan(self) -> "Part":
        """NaN as minus infinity."""
        flat = self.scores.masked_fill(self.scores.isnan(), -inf)
        return Part(Laid(flat, self.laid.shape, self.laid.order), self.sizes)


@final
@dataclass(frozen=True)
class Split:
    """Masks of the scores above a bracket and of those in it; how many groups and weights lie in it and below it."""

    bracket: Bracket
    above: list[Tensor]
    within: list[Tensor]
    inside: int
    inside_weight: int
    below: int
    below_weight: int

    @classmethod
    def at(cls, parts: Sequence[Part], bracket: Bracket) -> "Split":
        """Two comparisons of every score."""
        low, high = bracket
        above = [part.scores > high for part in parts]
        within = [(part.scores >= low).logical_xor_(mask) for part, mask in zip(parts, above, strict=True)]
        counts = counted([*above, *within])
        masks = zip([*parts, *parts], [*above, *within], counts, strict=True)
        weights = [part.weight(mask, count) for part, mask, count in masks]
        return cls(
            bracket,
            above,
            within,
            inside=sum(counts[len(parts) :]),
            inside_weight=sum(weights[len(parts) :]),
            below=sum(len(part.scores) for part in parts) - sum(counts),
            below_weight=sum(part.total for part in parts) - sum(weights),
        )

    def holds(self, target: float) -> bool:
        """Whether so much weight, from the lowest score on, is reached inside the bracket."""
        return self.below_weight <= target <= self.below_weight + self.inside_weight

    def narrower(self, parts: Sequence[Part], target: float, few: int) -> Bracket:
        """A bracket of at most ``few`` scores, or of one score that many share, in which the target is reached."""
        if self.holds(target):
            masks, passed = self.within, self.below_weight
        elif target > self.below_weight:
            masks, passed = self.above, self.below_weight + self.inside_weight
        else:
            seen = zip(self.above, self.within, strict=True)
            masks, passed = [above.logical_or(within).logical_not_() for above, within in seen], 0
        places = [places_of(mask) for mask in masks]
        scores = torch.cat([part.scores[where] for part, where in zip(parts, places, strict=True)])
        sizes = torch.cat([part.sizes_at(where) for part, where in zip(parts, places, strict=True)])
        return searched(scores.masked_fill_(scores.isnan(), -inf), sizes, target - passed, few)


def sampled(parts: Sequence[Part], target: float) -> Bracket:
    """A bracket in which the target is very likely reached, read from a sample of all scores."""
    step = ceil(sum(len(part.scores) for part in parts) / _OF_ALL)
    scores = torch.cat([part.scores[::step] for part in parts])
    sizes = torch.cat([part.sizes_at(torch.arange(0, len(part.scores), step, device=scores.device)) for part in parts])
    share = target / sum(part.total for part in parts)
    return _pivots(scores.masked_fill_(scores.isnan(), -inf), sizes, share, single=False)


def searched(scores: Tensor, sizes: Tensor, target: float, few: int) -> Bracket:
    """Quickselect with two pivots on either side of where a sample says the target is reached."""
    single = False
    while len(scores) > few:
        step, share = ceil(len(scores) / _SAMPLE), target / float(sizes.sum())
        low, high = _pivots(scores[::step], sizes[::step], share, single=single)
        under, within = scores < low, (scores >= low) & (scores <= high)
        below, inside = int(sizes[under].sum()), int(sizes[within].sum())
        if below <= target <= below + inside:
            if low == high:
                return low, high
            left, passed = within, below
        elif target < below:
            left, passed = under, 0
        else:
            left, passed = scores > high, below + inside
        single = 2 * int(left.count_nonzero()) > len(scores)  # so many are equal: take that one by itself
        scores, sizes, target = scores[left], sizes[left], target - passed
    return float(scores.min()), float(scores.max())


def _pivots(sample: Tensor, sizes: Tensor, share: float, *, single: bool) -> Bracket:
    """Where ``share`` of the sample's weight is reached, give or take three sigma."""
    ordered, order = sample.sort()
    upto = sizes[order].cumsum(0).double()
    last, share = len(sample) - 1, min(1.0, share)
    place = min(last, int((upto < share * upto[-1]).count_nonzero()))
    margin = 0 if single else ceil(3 * sqrt(len(sample) * share * (1 - share))) + 2
    return float(ordered[max(0, place - margin)]), float(ordered[min(last, place + margin)])


def counted(masks: Sequence[Tensor]) -> list[int]:
    """How many are True in each; one message from the device for all."""
    if all(mask.device.type == "cpu" for mask in masks):
        return [int(np.count_nonzero(mask.numpy())) for mask in masks]  # four times as fast as torch's
    counts: list[int] = torch.stack([mask.count_nonzero() for mask in masks]).tolist()
    return counts


def places_of(mask: Tensor) -> Tensor:
    """Where a flat mask is True, ascending."""
    if mask.device.type == "cpu":
        return torch.from_numpy(np.flatnonzero(mask.numpy()))  # six times as fast as torch's where few are
    return mask.nonzero().view(-1)
