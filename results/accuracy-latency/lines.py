"""Nets by speed and accuracy, and the line of each pattern through them.

A net stands at the speed of the engine that is fastest for it. A pattern's line is what remains when nets are left out
that another net of the pattern beats in both speed and accuracy; between two nets it is straight in the logarithm of
the speed.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log2
from statistics import fmean
from typing import Any, Final

from tombola.rows import Row

DENSE: Final = "dense"
NATIVE: Final = "native"
SMALLER: Final = "smaller dense nets"


@dataclass(frozen=True)
class Net:
    """A net: its accuracy by seed, the latency row of its fastest engine, and that of its fastest dense engine."""

    name: str
    accuracy: Mapping[int, float]
    latency: Mapping[str, Any]
    dense: Mapping[str, Any] | None = None

    @property
    def family(self) -> str:
        """Its pattern, or that it is a smaller dense net."""
        pattern, _, sparsity = self.name.rpartition(" ")
        return pattern if sparsity.replace(".", "", 1).isdigit() else DENSE if self.name == DENSE else SMALLER

    @property
    def mean(self) -> float:
        """Over the seeds."""
        return fmean(self.accuracy.values())

    @property
    def speed(self) -> float:
        """How many times as fast as the yardstick."""
        return float(self.latency["ratio"])


def nets_of(rows: Iterable[Row], timed: Iterable[Mapping[str, Any]], adapted: str, batch: int) -> list[Net]:
    """The nets that have both accuracy, adapted in this way, and latency at a batch, in the rows' order."""
    accuracy: dict[str, dict[int, float]] = defaultdict(dict)
    for row in rows:
        if row.cell["adapted"] == adapted:
            accuracy[str(row.cell["net"])][row.seed] = row.value
    here = against_the_best([line for line in timed if line["batch"] == batch])
    best, dense = _fastest(here), _fastest(line for line in here if line["engine"] != NATIVE)
    return [Net(name, by_seed, best[name], dense.get(name)) for name, by_seed in accuracy.items() if name in best]


def against_the_best(timed: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows of a batch with every ratio against the shortest time the dense net had in any turns."""
    if not timed:
        return []
    best = min(timed, key=lambda line: float(line["yardstick_ms"]))
    told = {"yardstick": best["yardstick"], "yardstick_ms": best["yardstick_ms"]}
    return [{**line, **told, "ratio": best["yardstick_ms"] / line["ms"]} for line in timed]


def _fastest(timed: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """By net."""
    return {line["net"]: line for line in sorted(timed, key=lambda line: float(line["ratio"]))}


def families(nets: Sequence[Net]) -> dict[str, list[Net]]:
    """Each pattern's line, the dense net its first point, from slow to fast."""
    found: dict[str, list[Net]] = {net.family: [] for net in nets if net.family != DENSE}
    dense = [net for net in nets if net.name == DENSE]
    return {family: frontier([*dense, *(net for net in nets if net.family == family)]) for family in found}


def frontier(nets: Sequence[Net]) -> list[Net]:
    """Without those that another one beats in speed and in mean accuracy, from slow to fast."""
    kept: list[Net] = []
    for net in sorted(nets, key=lambda net: -net.speed):
        if not kept or net.mean > kept[-1].mean:
            kept.append(net)
    return kept[::-1]


def lost_at(line: Sequence[Net], dense: Net, speed: float) -> list[float] | None:
    """Points below the dense net at a speed, one a seed all have; None where the line does not reach so far."""
    if not line or speed > line[-1].speed:
        return None
    seeds = sorted(set.intersection(set(dense.accuracy), *(set(net.accuracy) for net in line)))
    after = next(place for place, net in enumerate(line) if net.speed >= speed)
    right, left = line[after], line[max(0, after - 1)]
    share = 1.0 if left is right else log2(speed / left.speed) / log2(right.speed / left.speed)
    return [dense.accuracy[seed] - (1 - share) * left.accuracy[seed] - share * right.accuracy[seed] for seed in seeds]


def speed_at(line: Sequence[Net], dense: Net, lost: float) -> float:
    """The greatest speed at which a line's mean is at most so many points below the dense net's."""
    wanted = dense.mean - lost
    for right, left in zip(reversed(line), [*reversed(line[:-1]), None], strict=True):
        if right.mean >= wanted:
            return right.speed
        if left is not None and left.mean >= wanted:
            share = (left.mean - wanted) / (left.mean - right.mean)
            return float(left.speed * (right.speed / left.speed) ** share)
    return float("nan")
