"""The paired verdict where it is known which test samples were right: seeds and samples are both resampled."""

from collections.abc import Mapping, Sequence
from statistics import fmean, stdev

from tombola.errors import RequestError
from tombola.verdicts.intervals import CONFIDENCE, resampled
from tombola.verdicts.paired import MARGIN, Paired
from tombola.verdicts.runs import FEWEST_SEEDS


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
    span = None if why else resampled(table, leads, confidence)
    return Paired(*names, fmean(leads) if leads else None, span, tolerance, spread, len(shared), "%", why)
