"""*Robust*, *match* or *natural*: which of two priors is better on a task, with a paired 95 % interval of the lead.

A lead is what one level has over the other on the same seeds, positive where it is better. The interval allows for both
things that would differ if the study were run again: the seeds, and the test samples.
Where the rows tell which samples were right, seeds and samples are both resampled. Where they do not, the test split's
noise is that of two independent binomial shares, each with one sample right and one wrong added (Agresti and Caffo
2000), which keeps it from vanishing at 0 and 100 %. Two networks that err on the same images differ by less noise than
that: the verdict then errs towards "undecided".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import fmean, stdev
from typing import Final, Literal, TypeAlias

from tombola.outcomes import Outcomes
from tombola.verdicts.intervals import CONFIDENCE, Interval, interval_of, resampled
from tombola.verdicts.runs import Given, Runs, runs_of, undecidable

Pairs: TypeAlias = tuple[tuple[str, str], ...]
"""The outcomes of both sides by seed, as `tombola.outcomes` writes them."""

MARGIN: Final = 0.5
"""Points of a percentage that make no difference; the default tolerance of a match."""


@dataclass(frozen=True)
class Paired:
    """The lead of ``left`` over ``right``, and what it comes to."""

    left: str
    right: str
    difference: float | None
    interval: Interval | None
    tolerance: float
    spread: float | None
    seeds: int
    unit: str = ""
    why: str = ""

    @property
    def outcome(self) -> Literal["left", "right", "match", "undecided"]:
        """Who is better: a match where the whole interval is within the tolerance, a winner where it leaves 0 out."""
        if self.why or self.interval is None:
            return "undecided"
        low, high = self.interval.low, self.interval.high
        if -self.tolerance <= low and high <= self.tolerance:
            return "match"
        return "left" if low > 0 else "right" if high < 0 else "undecided"

    @property
    def winner(self) -> str | None:
        """The name of the better one, None where neither is shown to be."""
        return {"left": self.left, "right": self.right}.get(self.outcome)

    @property
    def text(self) -> str:
        """The verdict in one sentence."""
        if self.interval is None or self.difference is None:
            return f"Undecided: {self.why}."
        unit = " points" if self.unit == "%" else f" {self.unit}" if self.unit else ""
        span = f"{self.interval.low:+.2f} to {self.interval.high:+.2f}{unit}"
        words = {
            "match": f"{self.left} and {self.right} match within {self.tolerance:g}{unit}",
            "undecided": f"Undecided between {self.left} and {self.right}",
        }
        head = words.get(self.outcome, f"{self.winner} is better")
        return (
            f"{head}: {self.left} leads {self.right} by {self.difference:+.2f}{unit}, {span} ({self.interval.method})."
        )


def paired(
    left: Given,
    right: Given,
    names: tuple[str, str] = ("robust", "natural"),
    *,
    tolerance: float | None = None,
    confidence: float = CONFIDENCE,
) -> Paired:
    """The verdict between two levels on one task, from rows (see this module's docstring for the interval).

    ``tolerance`` is half a point for percentages and 0 for anything else, unless given. Undecided, with the reason,
    unless at least three seeds are shared.
    """
    a, b = runs_of(left), runs_of(right)
    shared = a.shared(b)
    leads = [a.sign * (a.values[seed] - b.values[seed]) for seed in shared]
    allowed = tolerance_of(a.unit) if tolerance is None else tolerance
    mean = fmean(leads) if leads else a.sign * (a.mean - b.mean) if a.n and b.n else None
    spread = stdev(leads) if len(leads) > 1 else None
    why = undecidable(a, b, names)
    span = None if why else _interval(a, b, shared, leads, confidence)
    return Paired(*names, mean, span, allowed, spread, len(shared), a.unit, why)


def tolerance_of(unit: str, margin: float = MARGIN) -> float:
    """The margin where values are percentages; nothing is known to make no difference elsewhere."""
    return margin if unit == "%" else 0.0


def _interval(a: Runs, b: Runs, shared: Sequence[int], leads: Sequence[float], confidence: float) -> Interval:
    if all(seed in runs.outcomes for runs in (a, b) for seed in shared):
        texts = tuple((a.outcomes[seed], b.outcomes[seed]) for seed in shared)
        if (found := _resampled(texts, tuple(leads), confidence)) is not None:
            return found
    return interval_of(leads, _binomial(a, b, shared), min(a.samples, b.samples), confidence)


@lru_cache(maxsize=4096)
def _resampled(texts: Pairs, leads: tuple[float, ...], confidence: float) -> Interval | None:
    """The interval of the outcomes by seed; None where they are not all of the same samples.

    Kept, as a page asks for the same verdict in its headline, its tables and its figures.
    """
    import numpy as np

    pairs = [(Outcomes.parse(left), Outcomes.parse(right)) for left, right in texts]
    if len({(side.of, side.count) for pair in pairs for side in pair}) != 1:
        return None
    table = np.array([np.subtract(left.table(), right.table(), dtype=float) for left, right in pairs])
    return resampled(table, leads, confidence)


def _binomial(left: Runs, right: Runs, shared: Sequence[int]) -> float:
    """The variance, in squared points, that another test split of the same size would put on the lead."""
    if not (left.share and right.share):
        return 0.0
    shares = ((runs.samples, fmean(runs.values[seed] for seed in shared)) for runs in (left, right))
    return sum(_of_one(samples, value) for samples, value in shares)


def _of_one(samples: int, percent: float) -> float:
    share = (samples * min(max(percent / 100, 0.0), 1.0) + 1) / (samples + 2)
    return 1e4 * share * (1 - share) / (samples + 2)
