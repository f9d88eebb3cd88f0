"""The Fréchet distance of two sets of feature vectors, seen as Gaussians: from sums that may be taken batch by batch.

d2 = |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)), with unbiased covariances, in float64 throughout.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from tombola.errors import DataError


@dataclass(frozen=True)
class Moments:
    """How many vectors, their mean (D,), and the sum of their outer products about it (D, D)."""

    count: int
    mean: Tensor
    scatter: Tensor

    @classmethod
    def of(cls, rows: Tensor) -> "Moments":
        """Those of the rows (N, D)."""
        wide = rows.double()
        if len(wide) == 0:
            dim = wide.shape[1]
            return cls(0, torch.zeros(dim, dtype=torch.float64), torch.zeros(dim, dim, dtype=torch.float64))
        mean = wide.mean(0)
        return cls(len(wide), mean, (wide - mean).T @ (wide - mean))

    def __add__(self, other: "Moments") -> "Moments":
        """Those of both sets together; about the common mean, so that no large sums are subtracted (Chan et al.)."""
        count = self.count + other.count
        if not count:
            return self
        step = other.mean - self.mean
        mean = self.mean + step * (other.count / count)
        between = torch.outer(step, step) * (self.count * other.count / count)
        return Moments(count, mean, self.scatter + other.scatter + between)

    @property
    def dim(self) -> int:
        return len(self.mean)

    def covariance(self, shrinkage: float = 0.0) -> Tensor:
        """The unbiased covariance (D, D), drawn towards an equal variance in every direction by ``shrinkage``."""
        if self.count < 2:
            raise DataError(f"a Fréchet distance needs two images of each set or more; one has {self.count}")
        found = self.scatter / (self.count - 1)
        if not shrinkage:
            return found
        even = torch.eye(self.dim, dtype=torch.float64) * (found.trace() / self.dim)
        return torch.lerp(found, even, shrinkage)

    def oas(self) -> float:
        """The shrinkage that errs least for Gaussian vectors, from 0 to 1 (Chen et al., IEEE TSP 2010, eq. 23)."""
        found, d = self.covariance(), self.dim
        square, trace = float((found * found).sum()), float(found.trace())
        above = (1 - 2 / d) * square + trace**2
        below = (self.count + 1 - 2 / d) * (square - trace**2 / d)
        return 1.0 if below <= 0 else min(1.0, above / below)


def frechet_distance(one: Moments, other: Moments, *, shrinkage: tuple[float, float] = (0.0, 0.0)) -> float:
    """The squared Fréchet distance d2 between the Gaussians of these moments; what is called FID is d2 as well."""
    first, second = one.covariance(shrinkage[0]), other.covariance(shrinkage[1])
    apart = float((one.mean - other.mean).square().sum())
    return apart + max(0.0, float(first.trace() + second.trace()) - 2 * trace_of_root(first, second))


def trace_of_root(first: Tensor, second: Tensor) -> float:
    """tr((S1 S2)^(1/2)) of two covariances.

    The eigenvalues of S1 S2 are those of the symmetric S1^(1/2) S2 S1^(1/2), and their roots the singular values of
    S1^(1/2) S2^(1/2): nothing is complex, and no root is taken of what rounding left of a zero.
    """
    return float(torch.linalg.svdvals(_root(first) @ _root(second)).sum())


def _root(covariance: Tensor) -> Tensor:
    """The symmetric root; eigenvalues that are zero but for rounding count as zero."""
    values, vectors = torch.linalg.eigh(covariance)
    tiny = values.abs().max() * len(values) * torch.finfo(values.dtype).eps
    roots = torch.where(values > tiny, values, 0).sqrt()
    root: Tensor = (vectors * roots) @ vectors.T
    return root
