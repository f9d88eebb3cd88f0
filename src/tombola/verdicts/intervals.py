"""Intervals of a mean lead: over seeds with the noise of a test split, or from outcomes sample by sample."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, variance
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CONFIDENCE: Final = 0.95
_DRAWS: Final = 4000
_AT_ONCE: Final = 250


@dataclass(frozen=True)
class Interval:
    """Where the true lead is believed to be, and how that was found."""

    low: float
    high: float
    method: str


def interval_of(leads: Sequence[float], noise: float, samples: int, confidence: float = CONFIDENCE) -> Interval:
    """Student's interval of the mean lead, its variance that of the seeds' mean plus ``noise`` of the test split.

    The degrees of freedom are Satterthwaite's: those of the seeds where they make the variance, the samples' where
    those do.
    """
    from scipy.special import stdtrit  # scipy.stats takes a second to import

    total, freedom = spread_of(leads, noise, samples)
    if total == 0:
        return Interval(fmean(leads), fmean(leads), f"{len(leads)} shared seeds, all with the same lead")
    half = float(stdtrit(freedom, (1 + confidence) / 2)) * sqrt(total)
    split = f" plus the binomial noise of {samples} test samples" if noise else ""
    method = f"{round(100 * confidence, 4):g} % t interval over {len(leads)} shared seeds{split}"
    return Interval(fmean(leads) - half, fmean(leads) + half, method)


def p_value(leads: Sequence[float], noise: float, samples: int) -> float:
    """How likely so large a mean lead, either way, is where there is none: by the statistic of `interval_of`.

    Below 0.05 exactly where the 95 % interval leaves 0 out.
    """
    from scipy.special import stdtr

    total, freedom = spread_of(leads, noise, samples)
    if total == 0:
        return 0.0 if fmean(leads) else 1.0
    return 2 * float(stdtr(freedom, -abs(fmean(leads)) / sqrt(total)))


def spread_of(leads: Sequence[float], noise: float, samples: int) -> tuple[float, float]:
    """The variance of the mean lead, the noise of the test split added, and its degrees of freedom (Satterthwaite)."""
    ours = variance(leads) / len(leads)
    total = ours + noise
    if total == 0:
        return 0.0, len(leads) - 1
    parts = (ours / total) ** 2 / (len(leads) - 1) + (noise / total) ** 2 / max(samples - 1, 1)
    return total, 1 / parts


def resampled(table: "NDArray[np.float64]", leads: Sequence[float], confidence: float) -> Interval:
    """Where seeds (rows) and samples (columns) are drawn again with replacement, independently of each other.

    ``table`` holds +1, 0 or -1: right on the left only, alike, right on the right only. Three seeds drawn again vary
    too little, so the interval is never narrower than Student's over the seeds' own ``leads``, in points.
    """
    import numpy as np

    means = 100 * _means(table)
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    low, high = (float(value) for value in np.quantile(means, tails))
    over_seeds = interval_of(leads, 0.0, 0, confidence)
    seeds, samples = table.shape
    method = (
        f"{round(100 * confidence, 4):g} % interval of {_DRAWS} resamplings of {seeds} shared seeds and {samples} test"
        " samples, no narrower than the t interval over seeds"
    )
    return Interval(min(low, over_seeds.low), max(high, over_seeds.high), method)


def _means(table: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """The mean of every resampling. Samples with the same outcomes are drawn together, by their count: same law."""
    import numpy as np

    generator = np.random.default_rng(0)
    seeds, samples = table.shape
    kinds, counts = np.unique(table, axis=1, return_counts=True)
    means = []
    for start in range(0, _DRAWS, _AT_ONCE):
        draws = min(_AT_ONCE, _DRAWS - start)
        by_seed = generator.multinomial(seeds, np.full(seeds, 1 / seeds), size=draws)
        by_kind = generator.multinomial(samples, counts / samples, size=draws)
        means.append(np.einsum("ds,sk,dk->d", by_seed, kinds, by_kind, optimize=True) / (seeds * samples))
    return np.concatenate(means)
