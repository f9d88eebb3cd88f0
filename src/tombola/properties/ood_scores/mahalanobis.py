"""Mahalanobis: the distance to the nearest class in feature space, in units of the classes' common spread.

What: minus the smallest (f - mean_c)' S+ (f - mean_c) over the classes c, f being what enters the head, the means those
  of the task's training images and S their covariance around their own class's mean. S+ is the pseudo-inverse:
  directions in which no training image varies (dead features of a sparse ticket) are left out.
When: features that cluster by class; far sets more than near ones.
Cost: a forward pass over the training split and an eigendecomposition of a D x D matrix.
Options: ``shrinkage`` s: (1 - s) S + s mean(diag S) I, for few images. Without it there must be as many training images
  as features and classes together.
Reference: Lee et al., NeurIPS 2018, arXiv 1807.03888 (on the last features, without its input perturbation).
"""

from collections.abc import Callable
from typing import ClassVar, final

import torch
from torch import Tensor

from tombola.errors import RequestError
from tombola.properties._responses import Kind
from tombola.properties.ood_scores._base import Known, OODScore
from tombola.spec import option


@final
class Mahalanobis(OODScore):
    """Near a class, as the classes spread."""

    READS: ClassVar[Kind] = "features"
    ARGUMENT: ClassVar[str | None] = "shrinkage"

    shrinkage: float = option(0.0, "the share of the covariance replaced by its mean variance", ge=0, le=1)

    def scores(self, values: Tensor, known: Callable[[], Known]) -> Tensor:
        train = known()
        images, features, classes = *train.values.shape, len(torch.unique(train.labels))
        if self.shrinkage == 0 and images < features + classes:
            raise RequestError(
                f"mahalanobis: {images} training images of {classes} classes do not fix the covariance of {features}"
                f" features; take {features + classes} images or more, write shrinkage=0.1, or score=knn"
            )
        return -squared_distances(values, train.values, train.labels, self.shrinkage).amin(1)


def squared_distances(values: Tensor, train: Tensor, labels: Tensor, shrinkage: float) -> Tensor:
    """From each row to each class that has training images, (N, C), in their shared covariance."""
    centre = train.mean(0)  # distances do not depend on it, their rounding does
    _, place = torch.unique(labels, return_inverse=True)
    means = _class_means(train - centre, place)
    residuals = train - centre - means[place]
    whiten = _whitening(_shrunk(residuals.T @ residuals / len(train), shrinkage))
    return torch.cdist((values - centre) @ whiten, means @ whiten).square()


def _class_means(values: Tensor, place: Tensor) -> Tensor:
    counts = place.bincount()
    sums = values.new_zeros(len(counts), values.shape[1]).index_add_(0, place, values)
    return sums / counts[:, None]


def _shrunk(covariance: Tensor, shrinkage: float) -> Tensor:
    spread = covariance.diagonal().mean() * torch.eye(len(covariance), dtype=covariance.dtype)
    return (1 - shrinkage) * covariance + shrinkage * spread


def _whitening(covariance: Tensor) -> Tensor:
    """W with W W' the pseudo-inverse, directions of no spread beyond rounding given no weight."""
    spread, directions = torch.linalg.eigh(covariance)
    floor = spread.amax().clamp_min(0) * len(spread) * torch.finfo(torch.float32).eps ** 2  # features come in float32
    weight = torch.where(spread > floor, spread.clamp_min(torch.finfo(spread.dtype).tiny).rsqrt(), 0.0)
    whitening: Tensor = directions * weight
    return whitening
