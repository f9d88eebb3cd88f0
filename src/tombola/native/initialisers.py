"""Values as C initialises them."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from tombola.native.layout import Layout


def map_of(layout: Layout) -> str:
    """A ``struct map``."""
    return row_of((layout.channels, layout.height, layout.width, layout.row, layout.plane, layout.origin))


def exact(number: float) -> str:
    """A float32 as C reads the very same; what is no ordinary number has its own words there.

    >>> exact(0.1), exact(float("-inf")), exact(1e39), exact(float("nan"))
    ('0x1.99999a0000000p-4f', '-__builtin_inff()', '__builtin_inff()', '__builtin_nanf("")')
    """
    with np.errstate(over="ignore"):  # what is too large is infinite, as torch has it
        value = float(np.float32(number))
    if math.isnan(value):
        return '__builtin_nanf("")'
    if math.isinf(value):
        return f"{'-' if value < 0 else ''}__builtin_inff()"
    return f"{value.hex()}f"


def row_of(numbers: Sequence[int | str]) -> str:
    """An array, or a struct in its order."""
    return f"{{{', '.join(map(str, numbers))}}}"


def fields_of(fields: Mapping[str, object]) -> str:
    """A struct, field by field."""
    return "{" + ", ".join(f".{name} = {value}" for name, value in fields.items()) + "}"
