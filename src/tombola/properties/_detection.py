"""How well a score tells two sets apart: areas under curves and error rates, exact under ties.

A higher score means more like the positive set. Samples of equal score are never told apart by their order: the areas
count a tie between a positive and a negative as half, or cross it in one step, and thresholds take all of it or none.
"""

from fractions import Fraction

import torch
from torch import Tensor


def auroc(positive: Tensor, negative: Tensor) -> float:
    """P(a positive's score > a negative's) + P(they are equal) / 2; computed in whole numbers."""
    ours, theirs = _counted(positive, negative)
    below = theirs.cumsum(0) - theirs
    twice = int((ours * (2 * below + theirs)).sum())
    return float(Fraction(twice, 2 * len(positive) * len(negative)))


def average_precision(positive: Tensor, negative: Tensor) -> float:
    """The area under precision over recall, as a sum of steps; it depends on how many of each there are."""
    ours, theirs = (count.flip(0).double() for count in _counted(positive, negative))
    found, wrong = ours.cumsum(0), theirs.cumsum(0)
    return float((ours / len(positive) * found / (found + wrong)).sum())


def false_positive_rate(positive: Tensor, negative: Tensor, *, recall: float) -> float:
    """The share of negatives at or above the highest threshold that lets in ``recall`` of the positives, or more."""
    ours, theirs = (count.flip(0).cumsum(0) for count in _counted(positive, negative))
    enough = ours.double() / len(positive) >= recall
    return int(theirs[enough.int().argmax()]) / len(negative)


def _counted(positive: Tensor, negative: Tensor) -> tuple[Tensor, Tensor]:
    """How many positives and how many negatives have each distinct score, from the lowest score up."""
    values, place = torch.unique(torch.cat([positive, negative]), return_inverse=True)
    ours, theirs = place[: len(positive)], place[len(positive) :]
    return ours.bincount(minlength=len(values)), theirs.bincount(minlength=len(values))
