"""A matrix as a table: what goes down against what goes across, cells coloured by how much they say."""

from collections.abc import Sequence
from typing import Final

from tombola.report.markup import Markup, scrolled, tag

DEEPEST: Final = 42
"""Per cent of the colour in the fullest cell, so that the ink on it keeps its contrast."""
MOST_ROWS: Final = 1000
"""Of the table below the figure."""

EMPTY: Final = tag("td", {"class": "none"}, "–")


def matrix(
    said: str, across: Sequence[str], down: Sequence[tuple[str, Sequence[Markup]]], caption: str | None = None
) -> Markup:
    """Cells (``td``) under the names going across, behind those going down; ``said`` is what the whole is called."""
    head = [tag("th", {"scope": "col"}, name) for name in across]
    body = [tag("tr", None, tag("th", {"scope": "row"}, name), *cells) for name, cells in down]
    parts = [] if caption is None else [tag("caption", None, caption)]
    parts += [tag("thead", None, tag("tr", None, tag("td"), *head)), tag("tbody", None, *body)]
    return scrolled(said, tag("table", {"class": "matrix"}, *parts))


def coloured(kind: str, amount: float, deepest: float, content: str) -> Markup:
    """A cell of a kind (``better``, ``worse``, ``none``), as deep as its amount is of the ``deepest`` one's."""
    return tag("td", {"class": kind, "style": f"--d:{round(DEEPEST * amount / deepest)}%"}, content)
