"""Values as C initialises them."""

from collections.abc import Mapping, Sequence

from tombola.native.layout import Layout


def map_of(layout: Layout) -> str:
    """A ``struct map``."""
    return row_of((layout.channels, layout.height, layout.width, layout.row, layout.plane, layout.origin))


def row_of(numbers: Sequence[int]) -> str:
    """An array, or a struct in its order."""
    return f"{{{', '.join(map(str, numbers))}}}"


def fields_of(fields: Mapping[str, object]) -> str:
    """A struct, field by field."""
    return "{" + ", ".join(f".{name} = {value}" for name, value in fields.items()) + "}"
