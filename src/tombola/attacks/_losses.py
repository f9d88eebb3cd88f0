"""What attacks climb: one number a sample, higher where the model is closer to a mistake; logits (N, classes) in.

All are defined for two classes and more. With fewer than four the scaled ones lack some of the logits they divide by;
what they do then stands in each docstring.
"""

import math

import torch
from torch import Tensor

_SMALLEST = 1e-12  # equal logits have no scale to divide by


def margin(logits: Tensor, targets: Tensor) -> Tensor:
    """The highest wrong logit minus the right one: above 0 when misclassified.

    >>> margin(torch.tensor([[3.0, 1.0, 2.0]]), torch.tensor([0]))
    tensor([-1.])
    """
    return _wrong(logits, targets).amax(1) - _at(logits, targets)


def log_odds(logits: Tensor, targets: Tensor) -> Tensor:
    """The logarithm of the odds of a mistake, log((1 - p) / p): above it what cross entropy is above.

    Cross entropy is its softplus, so both rise at the same points and in the same direction; but this one still has a
    gradient where the model is so sure that cross entropy and its gradient round to 0. It is the margin of two classes.
    """
    return _wrong(logits, targets).logsumexp(1) - _at(logits, targets)


def dlr(logits: Tensor, targets: Tensor) -> Tensor:
    """Difference of logits ratio: the margin over (highest - third highest logit), so logits' scale does not matter.

    With two classes there is no third logit, and the ratio to the second would be constant: it is the plain margin.
    """
    if logits.shape[1] < 3:
        return margin(logits, targets)
    top = logits.topk(3, dim=1).values
    return margin(logits, targets) / (top[:, 0] - top[:, 2]).clamp_min(_SMALLEST)


def targeted_dlr(logits: Tensor, targets: Tensor, goals: Tensor) -> Tensor:
    """How far class ``goals`` is above the right one, over (highest - mean of third and fourth highest logit).

    With three classes the third stands alone; with two nothing is divided by.
    """
    lead = _at(logits, goals) - _at(logits, targets)
    if logits.shape[1] < 3:
        return lead
    top = logits.topk(min(4, logits.shape[1]), dim=1).values
    return lead / (top[:, 0] - top[:, 2:].mean(1)).clamp_min(_SMALLEST)


def wrong_classes(logits: Tensor, targets: Tensor, count: int) -> Tensor:
    """The ``count`` likeliest wrong classes, likeliest first, (N, count); all there are when they are fewer."""
    return _wrong(logits, targets).topk(min(count, logits.shape[1] - 1), dim=1).indices


def _at(logits: Tensor, classes: Tensor) -> Tensor:
    return logits.gather(1, classes.view(-1, 1)).squeeze(1)


def _wrong(logits: Tensor, targets: Tensor) -> Tensor:
    """The logits with the right class out of the running."""
    right = torch.zeros_like(logits, dtype=torch.bool).scatter_(1, targets.view(-1, 1), True)  # noqa: FBT003
    return logits.masked_fill(right, -math.inf)
