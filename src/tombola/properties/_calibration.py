"""How far confidences are from the truth, and the temperature that brings them nearest. All in float64."""

import math
from typing import Final

import torch
from torch import Tensor

LOWEST: Final = 0.01
HIGHEST: Final = 100.0
"""Between these a temperature is looked for."""


def expected_error(confidence: Tensor, correct: Tensor, bins: int) -> float:
    """ECE: the mean over samples of |accuracy - confidence| of their bin, bins of equal width in [0, 1].

    Bins are closed below and open above; only the last one holds a confidence of exactly 1.
    """
    edges = torch.linspace(0, 1, bins + 1, dtype=torch.float64)
    place = torch.bucketize(confidence, edges, right=True) - 1
    return _binned(confidence, correct, place.clamp(0, bins - 1), bins)


def adaptive_error(confidence: Tensor, correct: Tensor, bins: int) -> float:
    """The same over bins of as equal numbers of samples as can be while equal confidences share a bin."""
    _, place, counts = torch.unique(confidence, return_inverse=True, return_counts=True)
    twice_middle = 2 * counts.cumsum(0) - counts - 1  # of the ranks of a value, so that order among equals is nothing
    return _binned(confidence, correct, (twice_middle * bins // (2 * len(confidence)))[place], bins)


def nll(logits: Tensor, labels: Tensor) -> float:
    """The mean of minus the log-probability of the label, in nats."""
    return float((torch.logsumexp(logits, 1) - _of_label(logits, labels)).mean())


def brier(logits: Tensor, labels: Tensor) -> float:
    """The mean squared distance of the probabilities from the label's corner: 0 to 2, summed over classes."""
    probabilities = logits.softmax(1)
    hit = _of_label(probabilities, labels)
    return float((probabilities.square().sum(1) - 2 * hit + 1).mean())


def best_temperature(logits: Tensor, labels: Tensor) -> float:
    """The T in [LOWEST, HIGHEST] at which logits / T have the lowest NLL.

    The NLL is convex in 1 / T, so its one minimum is where the slope changes sign; where it never does (every sample
    told right, say, and T falls for ever) the end of the range comes out.
    """
    from scipy.optimize import brentq

    gaps = logits - _of_label(logits, labels)[:, None]
    if not bool(gaps.any()):
        return 1.0  # every class always equally likely, whatever the temperature

    def slope(log_temperature: float) -> float:
        """Of the NLL in 1 / T: the mean over samples of the expected gap to the label's logit."""
        return float(((gaps * math.exp(-log_temperature)).softmax(1) * gaps).sum(1).mean())

    low, high = math.log(LOWEST), math.log(HIGHEST)
    if slope(low) <= 0:
        return LOWEST
    if slope(high) >= 0:
        return HIGHEST
    return math.exp(float(brentq(slope, low, high, xtol=1e-12)))


def _of_label(values: Tensor, labels: Tensor) -> Tensor:
    return values.gather(1, labels[:, None])[:, 0]


def _binned(confidence: Tensor, correct: Tensor, place: Tensor, bins: int) -> float:
    gaps = torch.zeros(bins, dtype=torch.float64).index_add_(0, place, correct.double() - confidence)
    return float(gaps.abs().sum() / len(confidence))
