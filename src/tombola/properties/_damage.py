"""Errors on samples that were damaged in several ways, each at several degrees: one table, and what is said of it."""

from collections.abc import Mapping, Sequence

from torch import Tensor

from tombola.properties._base import Measurement
from tombola.rows import Scalar


def errors_by(
    what: str,
    errors: Tensor,
    clean: float,
    ways: Sequence[str],
    degrees: Sequence[str],
    *,
    count: int,
    detail: dict[str, Scalar],
    beside: Mapping[str, float],
) -> list[Measurement]:
    """The mean of a table (ways, degrees) in per cent, each cell counting alike; the error without damage; what damage
    adds; what else is said ``beside``; the means by way and by degree. ``count`` samples are behind each.
    """
    mean = float(errors.mean())

    def one(metric: str, value: float, unit: str = "%") -> Measurement:
        return Measurement(metric, value, count, unit, "lower", detail)

    by_way, by_degree = errors.mean(1).tolist(), errors.mean(0).tolist()
    return [
        one(f"{what}_error", mean),
        one("clean_error", clean),
        one(f"relative_{what}_error", mean - clean, "points"),
        *(one(name, value) for name, value in beside.items()),
        *(one(f"{name}_error", value) for name, value in zip(ways, by_way, strict=True)),
        *(one(f"{name}_error", value) for name, value in zip(degrees, by_degree, strict=True)),
    ]
