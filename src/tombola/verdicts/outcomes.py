"""The paired verdict where it is known which test samples were right: seeds and samples are both resampled."""

from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Final

from tombola.errors import RequestError
from tombola.verdicts.paired import CONFIDENCE, MARGIN, Interval, Paired, interval_of
from tombola.verdicts.runs import FEWEST_SEEDS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_DRAWS: Final = 4000
_AT_ONCE: Final = 250


def paired_outcomes(
    left: Mapping[int, Sequence[float]],
    right: Mapping[int, Sequence[float]],
    names: tuple[str, str] = ("robust", "natural"),
    *,
    tolerance: float = MARGIN,
    confidence: float = CONFIDENCE,
) -> Paired:
    """The verdict of outcomes (1 right, 0 wrong) by seed, sample by sample in the same order, in points.

    Seeds and samples are drawn again with replacement, independently of each other, both sides alike. Three seeds drawn
    again vary too little, so the interval is never narrower than Student's over the seeds' own leads.
    """
    import numpy as np

    shared = sorted(set(left) & set(right))
    lengths = {len(side[seed]) for side in (left, right) for seed in shared}
    if len(lengths) > 1 or 0 in lengths:
        counts = ", ".join(map(str, sorted(lengths)))
        raise RequestError(f"every seed needs the outcomes of the same test samples; these have {counts} of them")
    table = np.array([np.subtract(left[seed], right[seed], dtype=float) for seed in shared])
    leads = [100 * float(row.mean()) for row in table]
    spread = stdev(leads) if len(leads) > 1 else None
    told = "1 seed is" if len(shared) == 1 else f"{len(shared) or 'no'} seeds are"
    why = "" if len(shared) >= FEWEST_SEEDS else f"{told} shared, {FEWEST_SEEDS} are needed"
    span = None if why else _interval(table, leads, confidence)
    return Paired(*names, fmean(leads) if leads else None, span, tolerance, spread, len(shared), "%", why)


def _interval(table: "NDArray[np.float64]", leads: Sequence[float], confidence: float) -> Interval:
    import numpy as np

    means = 100 * _resampled(table)
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    low, high = (float(value) for value in np.quantile(means, tails))
    over_seeds = interval_of(leads, 0.0, 0, confidence)
    seeds, samples = table.shape
    method = (
        f"{round(100 * confidence, 4):g} % interval of {_DRAWS} resamplings of {seeds} shared seeds and {samples} test"
        " samples, no narrower than the t interval over seeds"
    )
    return Interval(min(low, over_seeds.low), max(high, over_seeds.high), method)


def _resampled(table: "NDArray[np.float64]") -> "NDArray[np.float64]":
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
