"""Curves as small multiples: a panel for each setting, a block for each measured value, over all sparsities or some."""

from collections.abc import Sequence

from tombola.report.axes import last_part, level
from tombola.report.chart import draw_panel, swatch
from tombola.report.curves import Measure, Panel, Place, Results
from tombola.report.figures._base import Table
from tombola.report.layers import Layers
from tombola.report.lines import Frame, Look, Series, frame_of, labelled, name_of, series_of
from tombola.report.markup import Markup, join, tag
from tombola.report.numbers import in_unit, mean_and_spread, number, percent

MOST_PANELS = 60
_MOST_ROWS = 3000
_MANY = 12


def blocks(results: Results, look: Look) -> Markup:
    """A block for each measure, its panels side by side on one scale; measures with one panel share a block.

    Where there are many panels, those of the first measure stand open and the others are folded.
    """
    room = MOST_PANELS
    found: list[tuple[Measure, list[Markup]]] = []
    for measure in _along(results):
        panels = {p: title for p, title in list(results.panels_of(measure).items())[:room] if _drawn(results, look, p)}
        room -= len(panels)
        if frame := frame_of(results, look, measure, list(panels)):
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
    return Markup("") if labelled(results) else key_of(results)


def key_of(results: Results | Layers) -> Markup:
    """Which colour and marker is whose; nothing where there is one."""
    if len(results.colours) < 2:
        return Markup("")
    items = [
        tag("li", None, swatch(tone), level(colour))
        for tone, colour in zip(results.tones, results.colours, strict=True)
    ]
    return tag("ul", {"class": "legend", "aria-label": last_part(results.axes.colour or "")}, *items)


def left_out(results: Results) -> int:
    """How many panels there are beyond those drawn."""
    return max(0, sum(len(results.panels_of(measure)) for measure in _along(results)) - MOST_PANELS)


def curve_table(results: Results, look: Look) -> Table:
    """A row a curve, a column a sparsity: mean and spread."""
    header = ("measured", *map(last_part, results.axes.panels), last_part(results.axes.colour or "series"))
    rows = [
        (in_unit(measure), *map(level, panel), name_of(results, colour), *cells)
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
    shown = look.sparsities or (None,)
    return any(place.panel == panel and place.sparsity in shown for place in results.places)


def _block(measure: Measure, figures: Sequence[Markup], *, folded: bool) -> Markup:
    panels = tag("div", {"class": "panels"}, *figures)
    if folded:
        summary = tag("summary", None, f"{in_unit(measure)}, {len(figures)} panel{'s' if len(figures) != 1 else ''}")
        return tag("details", {"class": "block"}, summary, panels)
    return tag("div", {"class": "block"}, tag("h3", None, in_unit(measure)), panels)


def _panel(
    results: Results, look: Look, measure: Measure, panel: Panel, title: str, frame: Frame, alone: bool
) -> Markup:
    series = series_of(results, look, measure, panel)
    said = _said(series, frame, measure, title)
    inside = [line for line in series if line.dense is None or frame.low <= line.dense <= frame.high]
    shown = [line if line in inside else Series(line.tone, line.name, line.points, None, line.ids) for line in series]
    name = [tag("h3", None, in_unit(measure))] if alone else []
    heading = [tag("figcaption", None, *name, title)] if name or title else []
    return tag("figure", {"class": "panel"}, *heading, draw_panel(shown, frame, said))


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
