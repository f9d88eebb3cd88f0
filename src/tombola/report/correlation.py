"""Spearman's rank correlation, and how often chance alone gives as much."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from math import sqrt
from statistics import fmean
from typing import Final

FEWEST: Final = 3
_EXACT: Final = 7  # 5,040 orders; with more pairs Student's approximation is within a hundredth


@dataclass(frozen=True)
class Correlation:
    """``rho`` from -1 to 1, the pairs it is of, and the two-sided share of orders that give as much by chance."""

    rho: float
    n: int
    p: float


def rank_correlation(xs: Sequence[float], ys: Sequence[float]) -> Correlation | None:
    """None with fewer than three pairs, or where one side is all alike.

    >>> rank_correlation([1, 2, 3, 4], [10, 20, 30, 25])
    Correlation(rho=0.8, n=4, p=0.3333333333333333)
    """
    n = len(xs)
    if n < FEWEST or len(set(xs)) == 1 or len(set(ys)) == 1:
        return None
    one, other = ranks(xs), ranks(ys)
    rho = _pearson(one, other)
    return Correlation(round(rho, 12), n, _exact(one, other, rho) if n <= _EXACT else _student(rho, n))


def ranks(values: Sequence[float]) -> list[float]:
    """Places from 1; equal values share the mean of theirs."""
    order = sorted(values)
    first = {value: order.index(value) for value in set(values)}
    return [first[value] + (order.count(value) + 1) / 2 for value in values]


def _pearson(xs: Sequence[float], ys: Sequence[float]) -> float:
    a, b = fmean(xs), fmean(ys)
    over = sum((x - a) * (y - b) for x, y in zip(xs, ys, strict=True))
    return over / sqrt(sum((x - a) ** 2 for x in xs) * sum((y - b) ** 2 for y in ys))


def _exact(one: Sequence[float], other: Sequence[float], rho: float) -> float:
    found = [abs(_pearson(one, order)) >= abs(rho) - 1e-9 for order in permutations(other)]
    return sum(found) / len(found)


def _student(rho: float, n: int) -> float:
    from scipy.special import stdtr  # scipy.stats takes a second to import

    if abs(rho) >= 1 - 1e-12:
        return 0.0
    t = abs(rho) * sqrt((n - 2) / (1 - rho**2))
    return float(2 * stdtr(n - 2, -t))
