"""Which of many levels a figure shows when there is no room for all of them."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def spaced(items: Sequence[T], count: int) -> list[T]:
    """``count`` of the items in their order, the first and the last among them, evenly between; all if they are fewer.

    >>> spaced([0.5, 0.8, 0.9, 0.95, 0.99], 3)
    [0.5, 0.9, 0.99]
    """
    if len(items) <= count:
        return list(items)
    if count == 1:
        return [items[-1]]
    return [items[round(k * (len(items) - 1) / (count - 1))] for k in range(count)]
