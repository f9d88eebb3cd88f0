"""Ways to do the same work, turn by turn in one process."""

import statistics
from collections.abc import Callable, Mapping
from typing import TypeAlias

Way: TypeAlias = Callable[[int], float]
"""Does so many steps and answers how many pieces a second it did."""


def medians(by: Mapping[str, Way], pieces: str, *, steps: int, rounds: int, warm: int) -> list[float]:
    """The median of each way's turns, a line each; the ``warm`` steps before them bring buffers, kernels, imports."""
    rates: dict[str, list[float]] = {name: [] for name in by}
    for way in by.values():
        way(warm)
    for _ in range(rounds):
        for name, way in by.items():
            rates[name].append(way(steps))
    wide = max(map(len, by)) + 2
    for name, found in rates.items():
        turns = ", ".join(f"{rate:.1f}" for rate in sorted(found))
        print(f"{name:{wide}} {statistics.median(found):6.1f} {pieces}/s (turns {turns})", flush=True)
    return [statistics.median(found) for found in rates.values()]
