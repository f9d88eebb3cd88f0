"""The contract of a figure: result rows in, a piece of the report out."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from tombola.registry import Family, Member
from tombola.report.about import About
from tombola.rows import Row


@dataclass(frozen=True)
class Table:
    """The numbers behind a figure, as plain text; the page escapes them."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Drawn:
    """One piece of the report.

    ``fragment`` is HTML or SVG and goes into the page as it is: build it with `tombola.report.markup`, which escapes.
    It follows light and dark by using the page's CSS variables (``--ink``, ``--quiet``, ``--line``, ``--c0`` to
    ``--c7``). ``title`` and ``caption`` are plain text. ``table`` is shown behind the figure, folded; open where
    the fragment is empty.
    """

    title: str
    fragment: str
    caption: str = ""
    table: Table | None = None


class Figure(Member):
    """Draws one piece of the report from result rows, which are not changed; the rows' order does not matter."""

    family: ClassVar[Family] = Family("figures", "tombola.report.figures")

    ORDER: ClassVar[int] = 50
    """Where in the page it stands; small numbers come first, equal ones by name."""
    SHOWN: ClassVar[tuple[Row, ...]] = ()
    """A few rows that it draws, for the contract suite; empty where any study of priors and sparsities has such."""

    @abstractmethod
    def draw(self, rows: Sequence[Row], about: About) -> Drawn | None:
        """The piece, or None when the rows (or what is known about them) do not carry what it needs."""
