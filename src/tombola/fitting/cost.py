"""What a fit costs, in forward passes of one image, from counts alone: nothing is loaded and nothing trained."""

from tombola.data._counts import Counts
from tombola.fitting.fit import Fit, Parameters
from tombola.fitting.part import WHOLE, Part


def fit_passes(fit: Fit, counts: Counts, *, part: Part = WHOLE, parameters: Parameters = "all") -> float | None:
    """The steps' images times what a step costs each, validations included; None where the objective does not say."""
    step = fit.objective.passes(counts.classes, body=parameters == "all")
    if step is None:
        return None
    per_epoch, images = epoch_of(fit, counts.train)
    first, last, _ = part.steps(fit.epochs.iterations(per_epoch), per_epoch)
    trained = (last - first) * images / per_epoch
    return trained * step + _validations(fit, first, last, per_epoch) * counts.val


def epoch_of(fit: Fit, train: int) -> tuple[int, int]:
    """Steps of an epoch, and the images they see: `Feed` leaves out a last batch too small."""
    batch = min(fit.batch, train)
    full, rest = divmod(train, batch)
    kept = rest >= 2 * fit.shards and not fit.drop_last
    return full + kept, train if kept or rest == 0 else full * batch


def _validations(fit: Fit, first: int, last: int, per_epoch: int) -> int:
    if fit.select == "last" or last == first:
        return 0
    every = fit.validate_every.iterations(per_epoch)
    between = last // every - first // every if every else 0
    return between + (every == 0 or last % every != 0)
