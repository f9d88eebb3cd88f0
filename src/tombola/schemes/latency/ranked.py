"""`Ranked`: the groups of every tensor with their scores, and the masks that keep the highest of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from tombola.masks.masks import Masks
from tombola.masks.patterns._base import Grouping
from tombola.masks.select import all_but_smallest_of
from tombola.schemes.latency.curve import Costs, Curve
from tombola.schemes.latency.within_time import Points, Worth

FINE = 129
FAR = 10.0


@dataclass(frozen=True, eq=False)
class Ranked:
    """One tensor: its groups, their mean scores, how many are always kept, and what those kept are worth together."""

    name: str
    grouping: Grouping
    scores: Tensor
    floor: int
    worth: Worth

    @classmethod
    def of(
        cls, scores: Mapping[str, Tensor], groupings: Mapping[str, Grouping], floor: int, worth: Worth = "share"
    ) -> "dict[str, Ranked]":
        """One for each tensor, from one score a weight; on the CPU, where the native net is built."""
        means = {name: groupings[name].means(item).detach().cpu() for name, item in scores.items()}
        return {name: cls(name, groupings[name], item, floor, worth) for name, item in means.items()}

    @property
    def total(self) -> int:
        """How many groups there are."""
        return self.scores.numel()

    def mask(self, count: int) -> Tensor:
        """True for the weights of the ``count`` highest groups; of equal ones the later stay."""
        kept = all_but_smallest_of([self.scores], self.total - count, names=[self.name])[0]
        return self.grouping.expand(kept)

    def points(self, curve: Curve) -> Points:
        """What keeping more and more of its groups is worth and takes."""
        scores = self.scores.double().numpy().ravel()
        return Points.of(scores, self.grouping.sizes.cpu().double().numpy().ravel(), curve, self.floor, self.worth)

    def part(self, part: float) -> Tensor:
        """The mask that keeps about this part of the groups."""
        return self.mask(round(part * self.total))


def masks_of(ranked: Mapping[str, Ranked], counts: Mapping[str, int]) -> Masks:
    """The masks that keep so many groups of each tensor."""
    return Masks({name: item.mask(counts[name]) for name, item in ranked.items()})


def points_of(ranked: Mapping[str, Ranked], costs: Costs) -> dict[str, Points]:
    """The points of every tensor."""
    return {name: item.points(costs.layers[name]) for name, item in ranked.items()}


def parts_kept(masks: Mapping[str, Tensor]) -> dict[str, float]:
    """Of each tensor the part of the weights that is kept."""
    return {name: int(mask.count_nonzero()) / max(1, mask.numel()) for name, mask in masks.items()}


def corrected(curve: Curve, measured: Mapping[float, float]) -> Curve:
    """The curve made slower or faster to meet what was measured at some parts kept; between them in proportion.

    >>> corrected(Curve.of([0.0, 1.0, 2.0]), {0.5: 2.0, 1.0: 2.0}).at(np.array([0.25, 0.5, 0.75])).tolist()
    [1.0, 2.0, 2.0]
    """
    if curve.dense == 0 or not measured:
        return curve
    at = np.array(sorted(measured))
    factors = np.array([measured[part] for part in at]) / np.maximum(curve.at(at), 1e-12)
    factors = np.clip(factors, 1 / FAR, FAR)
    knots = np.linspace(0, 1, max(FINE, len(curve.seconds)))
    return Curve.of((np.interp(knots, at, factors) * curve.at(knots)).tolist())
