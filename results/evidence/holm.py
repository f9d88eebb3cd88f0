"""Holm's correction: p-values of many claims, made larger so that all of them may be read at once."""

from collections.abc import Mapping


def holm(found: Mapping[str, float]) -> dict[str, float]:
    """Each p, adjusted: where those below 0.05 are taken for true, one wrong one among all has a chance below 0.05.

    The smallest is taken times the number of claims, the next times one less, and so on, never falling.

    >>> holm({"a": 0.01, "b": 0.04, "c": 0.03})
    {'a': 0.03, 'c': 0.06, 'b': 0.06}
    """
    adjusted: dict[str, float] = {}
    largest = 0.0
    for place, name in enumerate(sorted(found, key=lambda name: found[name])):
        largest = max(largest, min(1.0, (len(found) - place) * found[name]))
        adjusted[name] = largest
    return adjusted
