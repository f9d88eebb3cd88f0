"""The rule of a race, on figures alone: who is trained, who stays after the heats, and who wins.

Written before any row. A finish is a net in one engine: its time, its bytes, and its accuracy on validation samples.
The margin is from the dense net's best float32 engine, so int8 has to hold it as everything else.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import TypeVar

from tombola.race.finish import Finish, Timed
from tombola.race.limits import NONE, Limits
from tombola.race.paired import difference
from tombola.race.wanted import Target

T = TypeVar("T", bound=Timed)


def steadied(found: Sequence[T], yardstick: Timed | None) -> list[T]:
    """Times as if the yardstick, which ran in turns with them, had taken what it took with the dense net; without it.

    A machine that is busier now than then slows both, so their ratio stands where two minutes' times do not.
    """
    if yardstick is None:
        return list(found)
    here = next((one.ms for one in found if one.engine == yardstick.engine), yardstick.ms)
    return [replace(one, ms=one.ms * yardstick.ms / here) for one in found if one.engine != yardstick.engine]


def between(first: Sequence[Timed], last: Sequence[Timed], part: float) -> list[Timed]:
    """What lies so far on the way from one to the other, engine by engine; an engine that one of them lacks is left."""
    there = {one.engine: one for one in last}
    return [
        Timed(
            one.engine,
            one.ms + part * (there[one.engine].ms - one.ms),
            round(one.bytes + part * (there[one.engine].bytes - one.bytes)),
        )
        for one in first
        if one.engine in there
    ]


def yardstick_of(dense: Sequence[Timed], float32: Iterable[str]) -> Timed:
    """The dense net in the fastest of the engines that multiply float32, or in the fastest of all."""
    return min(dense, key=lambda one: (one.engine not in set(float32), one.ms))


def no_faster_than_sparser(rungs: Sequence[Sequence[Finish]]) -> list[list[Finish]]:
    """Finishes of a ladder's rungs, the sparsest first: who keeps more takes at least as long, engine by engine.

    More work takes no less time; where the clock said so, the machine was busy for one of the two.
    """
    least: dict[str, float] = {}
    found = []
    for finishes in rungs:
        found.append([replace(one, ms=max(one.ms, least.get(one.engine, 0.0))) for one in finishes])
        least |= {one.engine: one.ms for one in found[-1]}
    return found


@dataclass(frozen=True)
class Standing:
    """How far an entrant is: the cost of the cheapest of it that holds the margin, if any does, and its accuracy."""

    cost: float | None
    accuracy: float

    @property
    def worth(self) -> tuple[bool, float]:
        """More is better: whoever holds the margin, by its cost; else by accuracy."""
        return (False, self.accuracy) if self.cost is None else (True, -self.cost)


def reference(dense: Sequence[Finish]) -> Finish:
    """The dense net that accuracy is held against: in float32, the fastest engine."""
    exact = [one for one in dense if one.arithmetic == "float32"] or list(dense)
    return min(exact, key=lambda one: one.ms)


def holds(one: Finish, against: Finish, margin: float) -> bool:
    """Whether it is at most so many points below; a pruned net for sure, as a trial of non-inferiority has it.

    Of many rungs and stretches the one is kept that looked good on a few samples, and the luckiest looks best: so of
    what was chosen the one-sided 95 % interval must lie above the margin. A dense net in another arithmetic is one of
    three, and is not trained until it holds.
    """
    needed = against.accuracy - margin
    if one.pruned and one.outcomes and against.outcomes:
        needed += difference(one, against).doubt
    return one.accuracy >= needed


def best(finishes: Iterable[Finish], against: Finish, margin: float, target: Target, limits: Limits = NONE) -> Finish:
    """The cheapest that is allowed and holds the margin; where none does the most accurate that is allowed.

    Where nothing is, or nothing is limited, the reference itself. Of equals the first.
    """
    allowed = [one for one in finishes if limits.allow(one)]
    held = [one for one in allowed if holds(one, against, margin)]
    if held or limits.allow(against) or not allowed:
        return min(held, key=lambda one: one.cost(target), default=against)
    return max(allowed, key=lambda one: (one.accuracy, -one.cost(target)))


def worth_training(
    known: Mapping[str, Sequence[Timed]], to_beat: float, target: Target
) -> tuple[list[str], dict[str, str]]:
    """Labels of those whose cheapest engine costs less than what is there already, the cheapest first; why not others.

    Times and bytes do not depend on how a net is trained, so nobody is trained who cannot win.
    """
    costs = {label: min(one.cost(target) for one in timed) for label, timed in known.items()}
    chosen = sorted((label for label in costs if costs[label] < to_beat), key=lambda label: costs[label])
    unit = {"latency": "ms", "size": "bytes", "both": "of time and bytes together"}[target]
    others = {
        label: f"{cost:,.4g} {unit} at best, and a dense net takes {to_beat:,.4g}"
        for label, cost in costs.items()
        if label not in chosen
    }
    return chosen, others


def halved(standing: Mapping[str, Standing]) -> list[str]:
    """Half of the labels, rounded up: those that hold the margin, the cheapest first; then the most accurate."""
    ranked = sorted(standing, key=lambda label: standing[label].worth, reverse=True)
    return ranked[: ceil(len(ranked) / 2)]
