"""Every cell of the study with all its measured values side by side.

What: a row for each cell, a column for each measured value; mean, standard deviation and the number of seeds.
When: the study has no sparsity axis; with one, the curves' own table holds the same numbers.
Cost: nothing is measured.
Options: none.
Reference: none.
"""

from collections.abc import Sequence
from typing import ClassVar

from tombola.report.about import About
from tombola.report.axes import last_part, level
from tombola.report.curves import Measure, Place, Results, read_results
from tombola.report.figures._base import Drawn, Figure, Table
from tombola.report.markup import Markup
from tombola.report.numbers import in_unit, mean_and_spread
from tombola.rows import Row

_MOST_ROWS = 3000


class EveryCell(Figure):
    """The results as one table."""

    ORDER: ClassVar[int] = 30

    def draw(self, rows: Sequence[Row], about: About) -> Drawn | None:
        results = read_results(rows, about.by)
        if not results.places or results.sparsities:
            return None
        caption = "Mean ± standard deviation over seeds; n is the number of seeds."
        if len(results.places) > _MOST_ROWS:
            caption += f" The first {_MOST_ROWS} of {len(results.places)} cells."
        return Drawn("Every cell", Markup(""), caption, _table(results))


def _table(results: Results) -> Table:
    axes = results.axes
    names = [*axes.panels, *([axes.colour] if axes.colour else [])]
    header = (*map(last_part, names), *map(in_unit, results.summaries), "n")
    return Table(header, tuple(_row(results, place) for place in results.places[:_MOST_ROWS]))


def _row(results: Results, place: Place) -> tuple[str, ...]:
    axes = results.axes
    told = [*map(level, place.panel), *([level(place.colour)] if axes.colour else [])]
    counts = {results.summaries[m][place].n for m in results.summaries if place in results.summaries[m]}
    n = "–".join(map(str, sorted({min(counts), max(counts)})))
    return (*told, *(_value(results, measure, place) for measure in results.summaries), n)


def _value(results: Results, measure: Measure, place: Place) -> str:
    summary = results.summaries[measure].get(place)
    return "–" if summary is None else mean_and_spread(summary, measure.unit)
