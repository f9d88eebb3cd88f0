"""What pruning costs on every target, prior by prior: the difference to the same prior's dense network.

What: for each measured value and up to three sparsities a matrix, targets (or whatever settings there are) going down,
priors across; in each cell the mean over shared seeds of pruned less dense, with its sign. Blue is better than dense,
orange worse, the deeper the larger, on one scale for all matrices of a measured value; the number says the same.
When: two settings or more, and the dense network was measured: at sparsity 0, or as a level called ``dense`` where no
sparsity is varied (sources of tickets against targets).
Cost: nothing is measured; about 150 bytes a cell.
Options: none.
Reference: Fu et al., DAC 2023 (arXiv 2304.11834), table 1: twelve targets; Salman et al., NeurIPS 2020, for the layout.
"""

from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import ClassVar, Final

from tombola.report.about import About
from tombola.report.axes import last_part, level
from tombola.report.choices import spaced
from tombola.report.curves import DENSE, Measure, Place, Results, read_results
from tombola.report.figures._base import Drawn, Figure, Table
from tombola.report.markup import Markup, join, tag
from tombola.report.matrix import DEEPEST, EMPTY, MOST_ROWS, coloured, matrix
from tombola.report.numbers import difference_unit, in_points, number, percent, signed
from tombola.report.points import link
from tombola.rows import Row

_MOST_LEVELS: Final = 3
_MANY: Final = 3

Lead = tuple[float, float, int]
"""The mean difference, its standard deviation over seeds, and how many seeds there are."""


class TransferMatrix(Figure):
    """Targets against priors, coloured by what was lost."""

    ORDER: ClassVar[int] = 22

    def draw(self, rows: Sequence[Row], about: About) -> Drawn | None:
        results = read_results(rows, about.by)
        measures = [measure for measure in results.measures if measure.better != "neither"]
        sparse = _sparse(results)
        if not sparse or len(results.panels) < 2:
            return None
        shown = spaced(sparse, _MOST_LEVELS) if results.sparsities else sparse
        found = [(measure, matrices) for measure in measures if (matrices := _matrices(results, measure, shown))]
        if not found:
            return None
        many = len(found) > 1 and len(results.panels) > _MANY
        blocks = [_block(measure, matrices, folded=many and k > 0) for k, (measure, matrices) in enumerate(found)]
        return Drawn(
            "What pruning costs, target by target",
            tag("div", None, *blocks),
            _caption(measures, shown, sparse),
            _table(results, measures, sparse),
        )


def _sparse(results: Results) -> list[float | None]:
    """The sparsities that are compared with dense; ``[None]`` where dense is a level and none is varied."""
    if not results.sparsities:
        return [None] if DENSE in results.colours else []
    return [s for s in results.sparsities if s > 0] if 0.0 in results.sparsities else []


def difference(results: Results, measure: Measure, place: Place) -> Lead | None:
    """Pruned less dense over the seeds both have; None where they share none."""
    cells = results.summaries[measure]
    pruned, dense = cells.get(place), cells.get(dense_of(place))
    if pruned is None or dense is None:
        return None
    found = [pruned.values[seed] - dense.values[seed] for seed in pruned.values if seed in dense.values]
    return (fmean(found), stdev(found) if len(found) > 1 else 0.0, len(found)) if found else None


def dense_of(place: Place) -> Place:
    """Where the dense network of a place stands: at sparsity 0, or at the level called so where none is varied."""
    return Place(place.panel, DENSE, None) if place.sparsity is None else Place(place.panel, place.colour, 0.0)


def _block(measure: Measure, matrices: Markup, *, folded: bool) -> Markup:
    name = in_points(measure)
    if folded:
        return tag("details", {"class": "block"}, tag("summary", None, name), matrices)
    return tag("div", {"class": "block"}, tag("h3", None, name), matrices)


def _matrices(results: Results, measure: Measure, shown: Sequence[float | None]) -> Markup | None:
    """The matrices of a measure side by side under their scale of colours; None where it has none."""
    found = {
        place: lead
        for place in results.summaries[measure]
        if place.sparsity in shown
        and place != dense_of(place)
        and (lead := difference(results, measure, place)) is not None
    }
    if not found:
        return None
    deepest = max(abs(lead[0]) for lead in found.values()) or 1.0
    matrices = [_matrix(results, measure, s, found, deepest) for s in shown]
    unit = difference_unit(measure.unit)
    scale = tag(
        "p", {"class": "scale"},
        tag("span", {"class": "worse", "style": f"--d:{DEEPEST}%"}, "worse than dense"),
        tag("span", None, f"deepest colour: {number(deepest, measure.unit)}{f' {unit}' if unit else ''}"),
        tag("span", {"class": "better", "style": f"--d:{DEEPEST}%"}, "better than dense"),
    )  # fmt: skip
    return join(scale, tag("div", {"class": "matrices"}, *matrices))


def _matrix(
    results: Results, measure: Measure, sparsity: float | None, found: Mapping[Place, Lead], deepest: float
) -> Markup:
    colours = [colour for colour in results.colours if sparsity is not None or colour != DENSE]
    panels = [panel for panel in results.panels if any(Place(panel, c, sparsity) in found for c in colours)]
    down = [
        (
            results.panel_title(panel),
            [_cell(results, measure, Place(panel, c, sparsity), found, deepest) for c in colours],
        )
        for panel in panels
    ]
    said = f"{measure.label} less dense, {_pruned(sparsity)}"
    return matrix(said, [results.named(colour) for colour in colours], down, _pruned(sparsity))


def _pruned(sparsity: float | None) -> str:
    return "as drawn" if sparsity is None else f"{percent(sparsity)} pruned"


def _cell(results: Results, measure: Measure, place: Place, found: Mapping[Place, Lead], deepest: float) -> Markup:
    if place not in found:
        return EMPTY
    mean, _, _ = found[place]
    gain = mean if measure.better == "higher" else -mean
    kind = "better" if gain > 0 else "worse" if gain < 0 else "none"
    points = [results.point(measure, place), results.point(measure, dense_of(place))]
    to = {"class": "cell", "href": f"#{points[0]}", "data-points": link(*points)}
    return coloured(kind, abs(mean), deepest, tag("a", to, signed(mean, measure.unit)))


def _caption(measures: Sequence[Measure], shown: Sequence[float | None], sparse: Sequence[float | None]) -> str:
    text = "Pruned less dense, means over the seeds both have; a plus is more than dense, a minus less."
    lower = sorted({measure.label for measure in measures if measure.better == "lower"})
    text += f" Less is better for {', '.join(lower)}, and coloured so." if lower else ""
    return text + (" The other sparsities are in the table." if len(shown) < len(sparse) else "")


def _table(results: Results, measures: Sequence[Measure], sparse: Sequence[float | None]) -> Table:
    """A row for each measure, setting and prior, a column a sparsity."""

    def cell(measure: Measure, place: Place) -> str:
        lead = difference(results, measure, place)
        if lead is None:
            return ""
        spread = f" ± {number(lead[1], measure.unit, like=lead[0])}" if lead[2] > 1 else ""
        return signed(lead[0], measure.unit) + spread

    lines = [
        (in_points(measure), *map(level, panel), results.named(colour), *cells)
        for measure in measures
        for panel in results.panels
        for colour in results.colours
        if colour != DENSE or results.sparsities
        if any(cells := tuple(cell(measure, Place(panel, colour, s)) for s in sparse))
    ]
    header = ("measured", *map(last_part, results.axes.panels), last_part(results.axes.colour or "series"))
    rows = tuple(tuple(text or "–" for text in line) for line in lines[:MOST_ROWS])
    return Table((*header, *("as drawn" if s is None else percent(s) for s in sparse)), rows)
