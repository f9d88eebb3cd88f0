"""`mixtures`: two neighbouring sums of a window with fewer products than twice its length (Toom, Cook, Winograd).

Sums ``y[i] = d[i] g[0] + ... + d[i + n - 1] g[n - 1]`` of i = 0 and 1 are coefficients of a product of polynomials. At
each of n + 1 points the data are mixed, and so are the factors; their product there counts in y[0] once, and in y[1] as
often as the point says: at infinity in that one alone.
"""

from dataclasses import dataclass
from math import inf, prod
from typing import Final

import numpy as np
import numpy.typing as npt

POINTS: Final = (1.0, -1.0, 0.0, 2.0, inf)
"""In the order of `c/stem_sums.h`."""
MOST: Final = len(POINTS)
_FIRST: Final = (inf, 0.0, 1.0, -1.0, 2.0)  # those that short windows take: small numbers, small errors


@dataclass(frozen=True, eq=False)
class Mixtures:
    """``points`` count in `POINTS`; ``data`` (points, n + 1) mixes n + 1 data, ``factors`` (points, n) n factors."""

    points: tuple[int, ...]
    data: npt.NDArray[np.float64]
    factors: npt.NDArray[np.float64]


def mixtures(length: int) -> Mixtures:
    """Of a window of so many, up to four."""
    points = [point for point in POINTS if point in _FIRST[: length + 1]]
    finite = [point for point in points if point != inf]
    data, factors = np.zeros((len(points), length + 1)), np.zeros((len(points), length))
    for row, point in enumerate(points):
        others = [other for other in finite if other != point]
        roots = np.poly(others)[::-1] if others else np.ones(1)  # coefficients, the lowest first
        data[row, : len(roots)] = roots
        if point == inf:
            factors[row, -1] = 1
        else:
            factors[row] = [point**power / prod(point - other for other in others) for power in range(length)]
    return Mixtures(tuple(POINTS.index(point) for point in points), data, factors)
