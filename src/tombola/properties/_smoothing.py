"""What counts of noisy answers prove of a smoothed classifier: its answer, and an L2 radius in which it must stay.

The smoothed classifier answers with the class its network gives most often under Gaussian noise of sigma. Every
statement here is wrong with a probability of at most alpha, over the noise that was drawn.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Certificate:
    """The class chosen, how many of the ``n`` fresh samples agreed, and the radius certified; None is an abstention."""

    answer: int
    count: int
    n: int
    radius: float | None


def certificate(answer: int, count: int, n: int, *, sigma: float, alpha: float) -> Certificate:
    """What ``count`` of ``n`` fresh noisy samples in favour of ``answer`` certify."""
    return Certificate(answer, count, n, radius(count, n, sigma=sigma, alpha=alpha))


def radius(count: int, n: int, *, sigma: float, alpha: float) -> float | None:
    """sigma * PhiInv(p) of the lower bound p; None, an abstention, where p is below a half."""
    from scipy.stats import norm

    share = lower_bound(count, n, alpha)
    return None if share < 0.5 else sigma * float(norm.ppf(share))


def lower_bound(count: int, n: int, alpha: float) -> float:
    """The one-sided Clopper-Pearson bound: a lower p would give ``count`` or more of ``n`` at most alpha of times.

    >>> round(lower_bound(10, 10, 0.001), 4)  # 0.001 ** (1 / 10)
    0.5012
    """
    from scipy.stats import beta

    if count in (0, n):
        return alpha ** (1 / n) if count else 0.0  # in closed form, so that `fewest_to_certify` agrees to the last bit
    return float(beta.ppf(alpha, count, n - count + 1))


def ceiling(n: int, *, sigma: float, alpha: float) -> float:
    """The radius where all ``n`` agree: no image can be certified further, however robust the network.

    >>> [round(ceiling(n, sigma=1, alpha=0.001), 2) for n in (100, 1000, 100_000)]
    [1.5, 2.46, 3.81]
    """
    return radius(n, n, sigma=sigma, alpha=alpha) or 0.0


def fewest_to_certify(alpha: float) -> int:
    """The least n of which anything can be certified: the first whose bound alpha ** (1 / n) is a half or more.

    >>> fewest_to_certify(0.001)
    10
    """
    return _first(lambda n: alpha ** (1 / n) >= 0.5, math.log2(1 / alpha))


def fewest_to_predict(alpha: float) -> int:
    """The least n at which `prediction` can answer: the first whose smallest p-value, 2 ** (1 - n), is alpha or less.

    >>> fewest_to_predict(0.001)
    11
    """
    return _first(lambda n: 2.0 ** (1 - n) <= alpha, 1 + math.log2(1 / alpha))


def prediction(counts: Sequence[int], alpha: float) -> int | None:
    """The class of the most noisy samples; None, an abstention, where the runner-up may be as likely.

    That is where a two-sided binomial test of the first's count against the second's, at a half, has a p-value above
    alpha. Among equal counts the first class is the first, and both abstain.
    """
    from scipy.stats import binomtest

    best = max(range(len(counts)), key=counts.__getitem__)
    second = max((count for place, count in enumerate(counts) if place != best), default=0)
    both = counts[best] + second
    return best if both and binomtest(counts[best], both, 0.5).pvalue <= alpha else None


def certified_share(right: Sequence[float | None], at: float) -> float:
    """The share of images certified right at radius ``at`` or more; ``right`` has None for the wrong and abstained."""
    return sum(radius is not None and radius >= at for radius in right) / len(right)


def average_radius(right: Sequence[float | None]) -> float:
    """The mean certified radius, the wrong and abstained counting as 0 (ACR of Zhai et al., ICLR 2020)."""
    return sum(radius or 0.0 for radius in right) / len(right)


def _first(holds: Callable[[int], bool], about: float) -> int:
    """The first whole number that holds, near where real numbers begin to."""
    start = max(1, math.floor(about) - 1)
    return next(n for n in range(start, start + 4) if holds(n))
