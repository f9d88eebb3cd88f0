"""Times of single runs, and what is said of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

SAMPLES: Final = 1000
"""Of a split an engine is judged on so many, where nobody says how many."""


@dataclass(frozen=True)
class Run:
    """One run of a model: its seconds, whether another process took a core away meanwhile, and the processor's seconds.

    The latter are of all threads together, and hold nothing of the time that others had the core.
    """

    seconds: float
    interrupted: bool = False
    processor: float = 0.0


@dataclass(frozen=True)
class Times:
    """Seconds of many runs in a few numbers; ``processor`` is the median of the processor's."""

    p50: float
    p90: float
    best: float
    processor: float
    runs: int
    interrupted: int


def times(runs: Sequence[Run]) -> Times:
    """Of every run, interrupted or not: users' runs are interrupted too."""
    seconds = [run.seconds for run in runs]
    return Times(
        p50=percentile(seconds, 50),
        p90=percentile(seconds, 90),
        best=min(seconds),
        processor=percentile([run.processor for run in runs], 50),
        runs=len(runs),
        interrupted=sum(run.interrupted for run in runs),
    )


def percentile(values: Sequence[float], rank: float) -> float:
    """The value below which ``rank`` per cent of the values lie, between neighbours in proportion.

    >>> percentile([4.0, 1.0, 3.0, 2.0], 50)
    2.5
    """
    ordered = sorted(values)
    place = (len(ordered) - 1) * rank / 100
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])
