"""Which of a study's axes is read across (sparsity), told apart by colour (the prior), or given a panel of its own."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from tombola.errors import RequestError, near
from tombola.rows import Row, Scalar

_COLOURS = ("prior", "pretrain", "scheme", "draw")


@dataclass(frozen=True)
class Axes:
    """The parts the axes play. ``panels`` hold the varying rest, ``fixed`` the axes with a single level."""

    sparsity: str | None = None
    colour: str | None = None
    panels: tuple[str, ...] = ()
    fixed: Mapping[str, Scalar] = field(default_factory=dict)

    @property
    def noun(self) -> str:
        """What the levels of the colour axis are called: ``prior`` for ``prior`` and for everything pretrained."""
        name = self.colour or ""
        return "prior" if name.startswith("pretrain") else last_part(name)


def without_seed(row: Row) -> dict[str, Scalar]:
    """The row's cell less the seed, which is a row's own field."""
    return {axis: value for axis, value in row.cell.items() if last_part(axis) != "seed"}


def axes_of(rows: Sequence[Row], by: str = "") -> Axes:
    """The parts of the axes; the same for the rows in any order. ``by`` names the axis told apart by colour."""
    cells = [without_seed(row) for row in rows]
    names = sorted({axis for cell in cells for axis in cell})
    levels = {name: ordered(cell.get(name) for cell in cells) for name in names}
    sparsity = next((name for name in names if last_part(name) == "sparsity" and all(map(_share, levels[name]))), None)
    varying = [name for name in names if name != sparsity and len(levels[name]) > 1]
    colour = _named(by, names) if by else _colour(names, varying, sparsity)
    return Axes(
        sparsity=sparsity,
        colour=colour,
        panels=tuple(name for name in varying if name != colour),
        fixed={name: levels[name][0] for name in names if name not in (*varying, sparsity, colour)},
    )


def ordered(values: Iterable[Scalar]) -> tuple[Scalar, ...]:
    """The distinct values: nothing, then booleans, numbers by size, texts by letters."""
    distinct = {(isinstance(value, bool), value): value for value in values}  # True is no 1, but 1.0 is
    return tuple(sorted(distinct.values(), key=rank))


@lru_cache(maxsize=4096, typed=True)  # thousands of rows share a few levels
def rank(value: Scalar) -> tuple[int, float, str]:
    """A sort key for values of different kinds; numbers inside texts count as numbers: layer2 before layer10."""
    if value is None:
        return 0, 0.0, ""
    if isinstance(value, bool | int | float):
        return (1 if isinstance(value, bool) else 2), float(value), ""
    return 3, 0.0, re.sub(r"\d+", lambda found: found[0].zfill(12), value) + "\0" + value


def last_part(axis: str) -> str:
    """``sparsity`` of ``draw.sparsity``."""
    return axis.rpartition(".")[2]


def level(value: Scalar) -> str:
    """A level as people read it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _share(value: Scalar) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _named(by: str, names: Sequence[str]) -> str:
    """The axis called ``by``, or whose last part is."""
    found = [name for name in names if by in (name, last_part(name))]
    if not found:
        raise RequestError(f"by={by!r}: the rows have no such axis{near(by, names)} (there are: {', '.join(names)})")
    return found[0]


def _colour(names: Sequence[str], varying: Sequence[str], sparsity: str | None) -> str | None:
    """``prior`` even with one level; else what varies: something pretrained, a scheme, how it is drawn, anything."""
    if "prior" in names:
        return "prior"
    for word in _COLOURS:
        found = [name for name in varying if name.startswith(word) or last_part(name) == word]
        if found:
            return found[0]
    pretrained = [name for name in names if name.startswith("pretrain") and name != sparsity]
    return varying[0] if varying else next(iter(pretrained), None)
