"""`search`: masks whose latency is the one asked for, by costs that are corrected by what a machine measures."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from math import ceil
from typing import Protocol

from torch import Tensor

from tombola.errors import RequestError
from tombola.masks.masks import Masks
from tombola.schemes.latency.asked import Asked
from tombola.schemes.latency.curve import Costs
from tombola.schemes.latency.ranked import Ranked, corrected, masks_of, parts_kept, points_of
from tombola.schemes.latency.within_time import Solution, least, within

TRIES = 3


@dataclass(frozen=True)
class Measured:
    """Seconds of a whole net, and of the steps that each tensor's weights are used in."""

    seconds: float
    layers: Mapping[str, float]

    def rest(self, names: Iterable[str]) -> float:
        """Seconds of everything but these."""
        return max(0.0, self.seconds - sum(self.layers.get(name, 0.0) for name in names))


class Machine(Protocol):
    """Runs a network in masks."""

    def dense(self) -> Measured:
        """The network without any."""

    def pruned(self, masks: Mapping[str, Tensor]) -> Measured:
        """The network in masks, in seconds that compare with those of `dense`."""


@dataclass(frozen=True, eq=False)
class Try:
    """One draw: its masks, the costs it was drawn by, and seconds as predicted and as measured (None: not measured)."""

    masks: Masks
    costs: Costs
    solution: Solution
    predicted: float
    measured: float | None = None

    def miss(self, target: float) -> float:
        """How far from the target it is, in parts of it."""
        return abs((self.predicted if self.measured is None else self.measured) / target - 1)


@dataclass(frozen=True, eq=False)
class Found:
    """The nearest try, all of them in order, the dense net's seconds and those that were asked for."""

    best: Try
    tries: tuple[Try, ...]
    dense: float
    target: float


def search(
    ranked: Mapping[str, Ranked],
    costs: Costs,
    asked: Asked,
    machine: Machine | None,
    *,
    tolerance: float,
    told: Callable[[str], None] = lambda _: None,
) -> Found:
    """The masks whose latency comes nearest to the one asked for; without a machine by the costs alone.

    Raises `RequestError` when it cannot be had.
    """
    if machine is None:
        target = asked.target(costs.dense)
        only = drawn_in(ranked, costs, target)
        if only.predicted > target:
            raise _cannot(asked, target, costs.dense, only.predicted, costs.rest)
        return Found(only, (only,), costs.dense, target)
    dense = machine.dense()
    seen = {name: {1.0: dense.layers.get(name, 0.0)} for name in ranked}
    now, target = _corrected(costs, seen, dense.rest(ranked)), asked.target(dense.seconds)
    tries: list[Try] = []
    while True:
        drawn = drawn_in(ranked, now, target)
        found = dense if drawn.masks.kept == drawn.masks.total else machine.pruned(drawn.masks)
        tries.append(replace(drawn, measured=found.seconds))
        if dense.seconds > target:
            told(_said(len(tries), tries[-1], target))
        if tries[-1].miss(target) <= tolerance or dense.seconds <= target or len(tries) == TRIES:
            return Found(min(tries, key=lambda item: item.miss(target)), tuple(tries), dense.seconds, target)
        if drawn.predicted > target and found.seconds > target:
            raise _cannot(asked, target, dense.seconds, found.seconds, found.rest(ranked))
        for name, part in parts_kept(drawn.masks).items():
            seen[name][part] = found.layers.get(name, 0.0)
        now = _corrected(costs, seen, found.rest(ranked))


def drawn_in(ranked: Mapping[str, Ranked], costs: Costs, target: float) -> Try:
    """The best masks in the time there is; those that keep least where that is too little."""
    layers = points_of(ranked, costs)
    solution = within(layers, max(target - costs.rest, least(layers)))
    return Try(masks_of(ranked, solution.counts), costs, solution, costs.rest + solution.seconds)


def _corrected(costs: Costs, seen: Mapping[str, Mapping[float, float]], rest: float) -> Costs:
    return Costs({name: corrected(curve, seen[name]) for name, curve in costs.layers.items()}, rest)


def _cannot(asked: Asked, target: float, dense: float, lowest: float, rest: float) -> RequestError:
    part = ceil(100 * lowest / dense) / 100
    wanted = f"{1000 * lowest:.3g}ms" if asked.part is None else f"{part:.2g}"
    return RequestError(
        f"latency={asked.text()} is {1000 * target:.3g} ms, and the least that can be had is {1000 * lowest:.3g} ms of"
        f" {1000 * dense:.3g} ms dense: {1000 * rest:.3g} ms are spent outside what may be pruned, the rest there"
        f" with nearly nothing left; write latency={wanted} or more, or let more be pruned (prunable)"
    )


def _said(number: int, item: Try, target: float) -> str:
    assert item.measured is not None
    return (
        f"try {number}: {item.masks.sparsity:.2%} pruned, predicted {1000 * item.predicted:.3g} ms,"
        f" measured {1000 * item.measured:.3g} ms ({item.measured / target - 1:+.1%} from what was asked)"
    )
