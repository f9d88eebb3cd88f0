"""Uniformity: how evenly images lie on the sphere.

What: the log of the mean, over all pairs of different test images, of exp(-2 d^2), d being the distance of their
    vectors of length one (the first view of each): 0 where all are the same, near -4 where they lie evenly. Lower is
    better.
When: learning from two views, beside ``alignment``.
Cost: one forward pass over two views of each test image, and as many products as there are pairs.
Options: batch (not part of the identity).
Reference: Wang and Isola, Understanding Contrastive Representation Learning through Alignment and Uniformity on the
    Hypersphere, ICML 2020, arXiv 2005.10242, with t 2.
"""

import math
from typing import Final, final

from torch import Tensor
from torch.nn import functional as F

from tombola.errors import DataError
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.properties._base import Measurement
from tombola.properties._views_told import OfViews
from tombola.tasks._base import Task

_AT_ONCE: Final = 1024


@final
class Uniformity(OfViews):
    """How evenly images lie."""

    def measure(self, model: Network, task: Task, *, seed: int, session: Session) -> list[Measurement]:
        first, _ = self.vectors(model, task, session)
        if len(first) < 2:
            raise DataError("uniformity: the test split holds one image, and it is of pairs of images")
        return [Measurement("uniformity", uniformity(first), len(first), better="lower")]


def uniformity(vectors: Tensor) -> float:
    """Of vectors (N, D) of length one; the pair of one with itself is none.

    >>> import torch
    >>> round(uniformity(torch.tensor([[1.0, 0.0], [-1.0, 0.0]])), 6)
    -8.0
    """
    count, total = len(vectors), 0.0
    exact = F.normalize(vectors.double(), dim=1)
    for start in range(0, count, _AT_ONCE):
        weights = (4 * (exact[start : start + _AT_ONCE] @ exact.T) - 4).exp()  # d^2 is 2 - 2 cos
        weights.diagonal(start).zero_()
        total += float(weights.sum())
    return math.log(total / (count * (count - 1)))
