"""`within`: the groups most worth keeping in a time: each layer's highest, as many as its time is worth.

A layer that keeps its n highest groups takes a time and is worth the sum of their scores; or, by share, what it loses
is the squares it prunes over those it keeps, a noise to a signal, which adds up from layer to layer and lets no layer
be emptied because its weights are small or its time is dear. All such pairs of a layer are points; the upper hull over
them has slopes, worth per second, that fall from left to right. Taking the segments of all layers' hulls in the order
of their slopes until the time is used up is the Lagrangian solution: lambda is the slope of the last one. Where a
layer's time grows evenly this keeps a group when what it counts exceeds lambda times its time; where a layer costs no
more when dense (it is then computed so) it is kept whole, in one step.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tombola.schemes.latency.curve import Curve

Floats: TypeAlias = NDArray[np.float64]
Worth: TypeAlias = Literal["share", "sum"]
STEPS = 1024
TINY = 1e-200


@dataclass(frozen=True)
class Points:
    """Points of one layer: keeping the ``counts`` highest groups takes ``seconds`` and is worth ``worth``."""

    counts: NDArray[np.int64]
    seconds: Floats
    worth: Floats

    @classmethod
    def of(cls, scores: Floats, sizes: Floats, curve: Curve, floor: int, worth: Worth = "sum") -> "Points":
        """From a mean score and a size for each group, which stand in any order."""
        order = np.argsort(-scores, kind="stable")
        total = len(scores)
        least = min(floor if worth == "sum" else max(floor, 1), total)
        counts = np.unique(np.linspace(least, total, STEPS + 1).round().astype(np.int64))
        upto = np.concatenate([[0.0], np.cumsum(sizes[order])])
        each = scores if worth == "sum" else np.maximum(scores, 0.0) ** 2
        sums = np.concatenate([[0.0], np.cumsum((each * sizes)[order])])
        worths = sums[counts] if worth == "sum" else 1 - sums[-1] / np.maximum(sums[counts], TINY)
        return cls(counts, curve.at(upto[counts] / max(upto[-1], 1.0)), worths)

    def hull(self) -> list[int]:
        """The points from the first to the last that no line between two others passes above."""
        found: list[int] = []
        for point in range(len(self.counts)):
            while (
                found and self.seconds[point] <= self.seconds[found[-1]] and self.worth[point] >= self.worth[found[-1]]
            ):
                found.pop()  # worth more in no more time
            while len(found) > 1 and self._slope(found[-2], found[-1]) <= self._slope(found[-1], point):
                found.pop()
            found.append(point)
        return found

    def _slope(self, first: int, last: int) -> float:
        won, taken = self.worth[last] - self.worth[first], self.seconds[last] - self.seconds[first]
        return float(won / taken) if taken > 0 else float(np.copysign(np.inf, won))

    def slopes(self, hull: list[int]) -> list[float]:
        """Worth per second of the segments of a hull."""
        return [self._slope(first, last) for first, last in pairwise(hull)]


@dataclass(frozen=True)
class Solution:
    """How many of its highest groups each tensor keeps, and what a second more would have been worth.

    ``worth`` is what all that is kept is worth together.
    """

    counts: dict[str, int]
    price: float
    seconds: float
    worth: float = 0.0


def least(layers: Mapping[str, Points]) -> float:
    """The fewest seconds that can be had."""
    return float(sum(layer.seconds[layer.hull()[0]] for layer in layers.values()))


def within(layers: Mapping[str, Points], seconds: float) -> Solution:
    """What is most worth keeping in so many seconds; in more seconds each tensor keeps as much or more.

    ``seconds`` are at least `least`.
    """
    hulls = {name: layer.hull() for name, layer in layers.items()}
    at = dict.fromkeys(layers, 0)
    used = least(layers)
    steps = sorted(
        (-slope, place, number)
        for place, (name, layer) in enumerate(layers.items())
        for number, slope in enumerate(layer.slopes(hulls[name]), 1)
    )
    names, price, part = list(layers), 0.0, {}
    for negative, place, number in steps:
        layer, hull = layers[names[place]], hulls[names[place]]
        price, more = -negative, float(layer.seconds[hull[number]] - layer.seconds[hull[number - 1]])
        if used + more > seconds:
            part = {names[place]: _part(layer, hull[number - 1], hull[number], seconds - used)}
            break
        used, at[names[place]] = used + more, number
    points = {name: part.get(name, hulls[name][at[name]]) for name in layers}
    return Solution(
        {name: int(layer.counts[points[name]]) for name, layer in layers.items()},
        price,
        float(sum(layer.seconds[points[name]] for name, layer in layers.items())),
        float(sum(layer.worth[points[name]] for name, layer in layers.items())),
    )


def _part(layer: Points, first: int, last: int, seconds: float) -> int:
    """The last point from ``first`` to ``last`` that takes at most so many seconds more than the first."""
    fits = layer.seconds[first : last + 1] - layer.seconds[first] <= seconds
    return first + int(np.flatnonzero(fits)[-1])
