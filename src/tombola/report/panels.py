"""Curves as small multiples: a panel for each setting, a block for each measured value, over all sparsities or some."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tombola.report.axes import last_part, level
from tombola.report.chart import Frame, Series, draw_panel, swatch
from tombola.report.curves import Measure, Panel, Place, Results
from tombola.report.figures._base import Table
from tombola.report.markup import Markup, join, tag
from tombola.report.numbers import in_unit, mean_and_spread, number, percent
from tombola.report.scales import kept_halvings, padded

MOST_PANELS = 60
_MOST_ROWS = 3000
_MANY = 12


@dataclass(frozen=True)
class Look:
    """Which sparsities are drawn, how each is written below the plot, and what the numbers there are."""

    sparsities: tuple[float, ...]
    label: Callable[[float], str]
    title: str

    @property
    def lines(self) -> bool:
        """Whether there is something to join; a single sparsity has its levels side by side."""
        return len(self.sparsities) > 1


def blocks(results: Results, look: Look) -> Markup:
    """A block for each measure, its panels side by side on one scale; measures with one panel share a block.

    Where there are many panels, those of the first measure stand open and the others are folded.
    """
    room = MOST_PANELS
    found: list[tuple[Measure, list[Markup]]] = []
    for measure in _along(results):
        panels = {p: title for p, title in list(results.panels_of(measure).items())[:room] if _drawn(results, look, p)}
        room -= len(panels)
        if frame := _frame(results, look, measure, list(panels)):
            alone = len(panels) == 1
            found.append((measure, [_panel(results, look, measure, p, t, frame, alone) for p, t in panels.items()]))
    if all(len(figures) == 1 for _, figures in found):
        return tag("div", {"class": "panels"}, *(figures[0] for _, figures in found))
    many = sum(len(figures) for _, figures in found) > _MANY
    return join(*(_block(measure, figures, folded=many and k > 0) for k, (measure, figures) in enumerate(found)))


def _along(results: Results) -> list[Measure]:
    """The measures that may change along the sparsities: what is measured of the dense model alone does not."""
    curves = {
        measure: [results.curve(measure, panel, c) for panel in results.panels for c in results.colours]
        for measure in results.measures
    }
    flat = {
        measure
        for measure, found in curves.items()
        if measure.better == "neither" and max(map(len, found)) > 1
        and all(len({tuple(s.values.items()) for s in curve.values()}) <= 1 for curve in found)
    }  # fmt: skip
    return [measure for measure in results.measures if measure not in flat]


def legend(results: Results) -> Markup:
    """Which line is whose, unless the lines carry their names."""
    return Markup("") if _labelled(results) else key_of(results)


def key_of(results: Results) -> Markup:
    """Which colour and marker is whose; nothing where there is one."""
    if len(results.colours) < 2:
        return Markup("")
    items = [tag("li", None, swatch(k), level(colour)) for k, colour in enumerate(results.colours)]
    return tag("ul", {"class": "legend", "aria-label": last_part(results.axes.colour or "")}, *items)


def dense_shown(results: Results) -> bool:
    """A dotted line for each of many levels would hide the curves."""
    return 0.0 in results.sparsities and len(results.colours) <= 4


def left_out(results: Results) -> int:
    """How many panels there are beyond those drawn."""
    return max(0, sum(len(results.panels_of(measure)) for measure in _along(results)) - MOST_PANELS)


def curve_table(results: Results, look: Look) -> Table:
    """A row a curve, a column a sparsity: mean and spread."""
    header = ("measured", *map(last_part, results.axes.panels), last_part(results.axes.colour or "series"))
    rows = [
        (in_unit(measure), *map(level, panel), _name(results, colour), *cells)
        for measure in results.measures
        for panel in results.panels_of(measure)
        for colour in range(len(results.colours))
        if any(cells := tuple(_cell(results, measure, panel, colour, s) for s in look.sparsities))
    ]
    filled = [tuple(cell or "–" for cell in row) for row in rows[:_MOST_ROWS]]
    return Table((*header, *map(percent, look.sparsities)), tuple(filled))


def _cell(results: Results, measure: Measure, panel: Panel, colour: int, sparsity: float) -> str:
    summary = results.summaries[measure].get(Place(panel, results.colours[colour], sparsity))
    return "" if summary is None else mean_and_spread(summary, measure.unit)


def _drawn(results: Results, look: Look, panel: Panel) -> bool:
    return any(place.panel == panel and place.sparsity in look.sparsities for place in results.places)


def _block(measure: Measure, figures: Sequence[Markup], *, folded: bool) -> Markup:
    panels = tag("div", {"class": "panels"}, *figures)
    if folded:
        summary = tag("summary", None, f"{in_unit(measure)}, {len(figures)} panel{'s' if len(figures) != 1 else ''}")
        return tag("details", {"class": "block"}, summary, panels)
    return tag("div", {"class": "block"}, tag("h3", None, in_unit(measure)), panels)


def _panel(
    results: Results, look: Look, measure: Measure, panel: Panel, title: str, frame: Frame, alone: bool
) -> Markup:
    series = _series(results, look, measure, panel)
    said = _said(series, frame, measure, title)
    inside = [line for line in series if line.dense is None or frame.low <= line.dense <= frame.high]
    shown = [line if line in inside else Series(line.index, line.name, line.points, None, line.ids) for line in series]
    name = [tag("h3", None, in_unit(measure))] if alone else []
    heading = [tag("figcaption", None, *name, title)] if name or title else []
    return tag("figure", {"class": "panel"}, *heading, draw_panel(shown, frame, said))


def _series(results: Results, look: Look, measure: Measure, panel: Panel) -> list[Series]:
    """The lines of a panel; with one sparsity, x is the place of the level on the colour axis."""
    found: list[Series] = []
    for index, colour in enumerate(results.colours):
        whole = results.curve(measure, panel, colour)
        curve = {s: summary for s, summary in whole.items() if s in look.sparsities}
        points = tuple((kept_halvings(s) if look.lines else float(index), summary) for s, summary in curve.items())
        if points:
            dense = whole[0.0].mean if 0.0 in whole and look.lines and dense_shown(results) else None
            ids = tuple(results.point(measure, Place(panel, colour, s)) for s in curve)
            found.append(Series(index, _name(results, index), points, dense, ids))
    return found


def _name(results: Results, index: int) -> str:
    return level(results.colours[index]) if results.axes.colour else "mean"


def _frame(results: Results, look: Look, measure: Measure, panels: Sequence[Panel]) -> Frame | None:
    """One scale for all panels of a measure, so that they can be compared; None where it has nothing to draw."""
    summaries = [s for panel in panels for series in _series(results, look, measure, panel) for _, s in series.points]
    if not summaries:
        return None
    ends = [end for s in summaries for end in (s.low, s.high, s.mean - s.std, s.mean + s.std)]
    low, high = padded(ends, measure.unit)
    if look.lines:
        xs = tuple((kept_halvings(s), look.label(s)) for s in look.sparsities)
    else:
        xs = tuple((float(index), _name(results, index)) for index in range(len(results.colours)))
    return Frame(xs, low, high, measure.unit, look.title, look.lines and _labelled(results), look.lines)


def _labelled(results: Results) -> bool:
    """Whether the lines carry their names: several of them, and names that are few and short."""
    return 1 < len(results.colours) <= 6 and all(len(level(colour)) <= 16 for colour in results.colours)


def _said(series: Sequence[Series], frame: Frame, measure: Measure, title: str) -> str:
    """What a screen reader says for the panel: each line's first and last mean."""
    labels = dict(frame.xs)
    ends = [
        f"{s.name}: "
        + ", ".join(
            f"{number(summary.mean, frame.unit)} at {labels[x]}"
            for x, summary in dict([s.points[0], s.points[-1]]).items()
        )
        for s in series
    ]
    return f"{in_unit(measure)}{f', {title}' if title else ''}, {frame.x_title}. " + "; ".join(ends)
