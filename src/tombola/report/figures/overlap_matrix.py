"""Which tickets found the same weights: kept in both over kept in either, beside what chance would give.

What: tickets going down, what they are compared with going across; in each cell the overlap in per cent and, behind it,
what independent random tickets with these densities in every layer would have. The deeper the colour, the further above
chance. Means over settings and seeds.
When: the study measures ``overlap``, with one reference or several: schemes, or tickets drawn before.
Cost: nothing is measured; about 150 bytes a cell.
Options: none.
Reference: mask similarity in Chen et al., NeurIPS 2020, arXiv 2007.12223, figure 4.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import ClassVar, TypeAlias

from tombola.report.about import About
from tombola.report.axes import Axes, axes_of, level, rank
from tombola.report.figures._base import Drawn, Figure, Table
from tombola.report.markup import Markup
from tombola.report.matrix import EMPTY, MOST_ROWS, coloured, matrix
from tombola.report.numbers import number, percent
from tombola.rows import Row, Scalar

_METRIC, _CHANCE = "overlap", "expected_overlap"

Named: TypeAlias = tuple[Scalar, Scalar]
"""A ticket: the level it is told apart by, and its sparsity."""
Cells: TypeAlias = Mapping[tuple[Named, str], Mapping[str, float]]


def _shown(drawn: str, found: float, chance: float) -> tuple[Row, ...]:
    def one(metric: str, value: float) -> Row:
        detail: dict[str, Scalar] = {"reference": "omp sparsity=0.7"}
        told = {"property": _METRIC, "metric": metric, "unit": "%", "better": "neither", "detail": detail}
        return Row.model_validate({"cell": {"drawn": drawn}, "seed": 0, "value": value, "samples": 0, **told})

    return one(_METRIC, found), one(_CHANCE, chance)


class OverlapMatrix(Figure):
    """Tickets against references."""

    ORDER: ClassVar[int] = 41
    SHOWN: ClassVar[tuple[Row, ...]] = (*_shown("words", 60.0, 20.0), *_shown("sst2", 50.0, 20.0))

    def draw(self, rows: Sequence[Row], about: About) -> Drawn | None:
        found = [row for row in rows if row.property == _METRIC and "reference" in row.detail]
        if not found:
            return None
        cells = _cells(found, axes_of(rows, about.by))
        tickets = sorted({ticket for ticket, _ in cells}, key=lambda ticket: tuple(map(rank, ticket)))
        references = sorted({reference for _, reference in cells})
        body = tuple(
            (_said(ticket), *(_text(cells.get((ticket, reference))) for reference in references)) for ticket in tickets
        )
        caption = "Kept in both over kept in either; in brackets what chance would give at the same densities layer by"
        return Drawn(
            "The same weights?",
            _matrix(cells, tickets, references),
            f"{caption} layer. Means over settings and seeds.",
            Table(("ticket", *references), body[:MOST_ROWS]),
        )


def _cells(rows: Sequence[Row], axes: Axes) -> Cells:
    found: dict[tuple[Named, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        ticket = tuple(row.cell.get(axis) if axis else None for axis in (axes.colour, axes.sparsity))
        found[(ticket[0], ticket[1]), str(row.detail["reference"])][row.metric].append(row.value)
    return {place: {metric: fmean(values) for metric, values in of.items()} for place, of in found.items()}


def _matrix(cells: Cells, tickets: Sequence[Named], references: Sequence[str]) -> Markup:
    down = [(_said(ticket), [_cell(cells.get((ticket, r))) for r in references]) for ticket in tickets]
    return matrix("Overlap of tickets", references, down)


def _cell(found: Mapping[str, float] | None) -> Markup:
    if found is None or _METRIC not in found:
        return EMPTY
    above = max(0.0, found[_METRIC] - found.get(_CHANCE, 0.0)) / 100
    return coloured("better", above, 1.0, _text(found))


def _text(found: Mapping[str, float] | None) -> str:
    """``34.2 (21.3)``."""
    if found is None or _METRIC not in found:
        return "–"
    chance = f" ({number(found[_CHANCE], '%')})" if _CHANCE in found else ""
    return number(found[_METRIC], "%") + chance


def _said(ticket: Named) -> str:
    name, sparsity = ticket
    words = [level(name)] if name is not None else []
    words += [percent(float(sparsity))] if isinstance(sparsity, int | float) else []
    return ", ".join(words) or "all"
