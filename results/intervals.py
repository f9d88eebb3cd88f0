"""A mean difference with its interval in words, as pages of results print it."""

from collections.abc import Sequence
from statistics import fmean

from tombola.verdicts.intervals import interval_of


def with_interval(leads: Sequence[float]) -> str:
    """The mean and Student's 95 % interval over the differences, two at least.

    >>> with_interval([1.0, 2.0, 3.0])
    '+2.00 (-0.48 to +4.48)'
    """
    found = interval_of(leads, 0.0, 0)
    return f"{fmean(leads):+.2f} ({found.low:+.2f} to {found.high:+.2f})"
