"""`Way`: an arithmetic with its costs; `best`: the one whose ticket, as fast as asked, loses less."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tombola.schemes.latency.asked import Asked
from tombola.schemes.latency.curve import Costs
from tombola.schemes.latency.ranked import Ranked
from tombola.schemes.latency.search import Machine, drawn_in

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Way:
    """What an export multiplies, what that costs, what is asked of it, and what measures it (None: nothing does)."""

    arithmetic: str
    costs: Costs
    asked: Asked
    machine: Machine | None = None


def best(ranked: Mapping[str, Ranked], ways: Sequence[tuple[str, Costs, T]], asked: Asked) -> tuple[Way, T]:
    """The way that is fast enough and whose ticket is worth most by the costs, the first of several; and its machine.

    A part that is asked for is one of the fastest dense net.
    """
    if len(ways) == 1:  # nothing to choose between, and the search draws it anyway
        arithmetic, costs, machine = ways[0]
        return Way(arithmetic, costs, asked), machine
    target = asked.target(min(costs.dense for _, costs, _ in ways))
    tries = [drawn_in(ranked, costs, target) for _, costs, _ in ways]
    order = [(one.predicted > target, -one.solution.worth, place) for place, one in enumerate(tries)]
    arithmetic, costs, machine = ways[min(order)[2]]
    own = asked if asked.part is None else Asked(part=min(target / costs.dense, 1.0))
    return Way(arithmetic, costs, own), machine
