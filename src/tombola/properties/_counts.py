"""Counts as measurements: one for a whole ticket, one for each of its layers."""

from collections.abc import Mapping

from tombola.masks.analysis import NOTHING, Count
from tombola.properties._base import Measurement
from tombola.rows import Scalar


def share(metric: str, count: Count, **detail: Scalar) -> Measurement:
    """So many per cent; no test image stands behind it, and neither more nor less is better."""
    return percentage(metric, 100 * count.share, count=count.part, of=count.whole, **detail)


def percentage(metric: str, value: float, **detail: Scalar) -> Measurement:
    """A value that is not a count, in per cent."""
    return Measurement(metric, value, samples=0, unit="%", better="neither", detail=detail)


def total(counts: Mapping[str, Count]) -> Count:
    """The counts of all layers together."""
    return sum(counts.values(), NOTHING)


def by_layer(metric: str, counts: Mapping[str, Count]) -> list[Measurement]:
    """One measurement a layer, named and placed in the detail: the report draws them apart from whole tickets'."""
    return [share(metric, count, layer=name, place=place) for place, (name, count) in enumerate(counts.items())]
