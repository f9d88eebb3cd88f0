"""Quality against sparsity, one line for each prior, one panel for each transfer and measured value.

What: means over seeds joined by lines, a band of one standard deviation, a dot for each seed, the dense network's level
as a thin dashed line. Sparsity is drawn by halvings of what is kept, so 90 % and 95 % are as far apart as 0 % and 50 %.
When: the study has an axis whose last part is ``sparsity``; with a single sparsity the levels stand side by side.
Cost: nothing is measured; about 5 kB a panel.
Options: none.
Reference: Fu et al., "Robust Tickets Can Transfer Better", DAC 2023, figures 1 to 7 (arXiv 2304.11834).
"""

from collections.abc import Sequence
from typing import ClassVar

from tombola.report.about import About
from tombola.report.axes import last_part, level
from tombola.report.chart import Frame, Series, draw_panel, swatch
from tombola.report.curves import Measure, Panel, Results, read_results
from tombola.report.figures._base import Drawn, Figure, Table
from tombola.report.markup import Markup, join, tag
from tombola.report.numbers import in_unit, number, percent
from tombola.report.scales import kept_halvings, padded
from tombola.rows import Row

_MOST_PANELS = 60
_MOST_ROWS = 3000


class SparsityCurves(Figure):
    """Sparsity curves as small multiples."""

    ORDER: ClassVar[int] = 10

    def draw(self, rows: Sequence[Row], about: About) -> Drawn | None:
        results = read_results(rows, about.by)
        if not results.sparsities:
            return None
        return Drawn(
            title="Quality against sparsity" if len(results.sparsities) > 1 else "Quality at one sparsity",
            fragment=join(_legend(results), _all_panels(results)),
            caption=_caption(results),
            table=_table(results),
        )


def _all_panels(results: Results) -> Markup:
    """A block for each measure, its panels side by side on one scale."""
    room = _MOST_PANELS
    blocks: list[Markup] = []
    for measure in results.measures:
        panels = dict(list(results.panels_of(measure).items())[:room])
        room -= len(panels)
        if panels:
            frame = _frame(results, measure, list(panels))
            figures = [_panel(results, measure, panel, title, frame) for panel, title in panels.items()]
            heading = tag("h3", None, in_unit(measure))
            blocks.append(tag("div", {"class": "block"}, heading, tag("div", {"class": "panels"}, *figures)))
    return join(*blocks)


def _panel(results: Results, measure: Measure, panel: Panel, title: str, frame: Frame) -> Markup:
    series = _series(results, measure, panel)
    heading = [tag("figcaption", None, title)] if title else []
    return tag("figure", {"class": "panel"}, *heading, draw_panel(series, frame, _said(series, frame, measure, title)))


def _series(results: Results, measure: Measure, panel: Panel) -> list[Series]:
    """The lines of a panel; with one sparsity, x is the place of the level on the colour axis."""
    single = len(results.sparsities) == 1
    found: list[Series] = []
    for index, colour in enumerate(results.colours):
        curve = results.curve(measure, panel, colour)
        points = tuple((float(index) if single else kept_halvings(s), summary) for s, summary in curve.items())
        if points:
            dense = curve[0.0].mean if 0.0 in curve and not single and _dense_shown(results) else None
            found.append(Series(index, _name(results, index), points, dense))
    return found


def _name(results: Results, index: int) -> str:
    return level(results.colours[index]) if results.axes.colour else "mean"


def _frame(results: Results, measure: Measure, panels: Sequence[Panel]) -> Frame:
    """One scale for all panels of a measure, so that they can be compared."""
    summaries = [s for panel in panels for series in _series(results, measure, panel) for _, s in series.points]
    ends = [end for s in summaries for end in (s.low, s.high, s.mean - s.std, s.mean + s.std)]
    low, high = padded(ends, measure.unit)
    lines = len(results.sparsities) > 1
    if lines:
        xs = tuple((kept_halvings(s), percent(s)) for s in results.sparsities)
    else:
        xs = tuple((float(index), _name(results, index)) for index in range(len(results.colours)))
    title = "of the weights pruned" if lines else f"at {percent(results.sparsities[0])} sparsity"
    return Frame(xs, low, high, measure.unit, title, lines and _labelled(results), lines)


def _labelled(results: Results) -> bool:
    """Whether the lines carry their names: several of them, and names that are few and short."""
    return 1 < len(results.colours) <= 6 and all(len(level(colour)) <= 16 for colour in results.colours)


def _dense_shown(results: Results) -> bool:
    """A dashed line for each of many levels would hide the curves."""
    return 0.0 in results.sparsities and len(results.colours) <= 4


def _legend(results: Results) -> Markup:
    if len(results.colours) < 2 or _labelled(results):
        return Markup("")
    items = [tag("li", None, swatch(k), level(colour)) for k, colour in enumerate(results.colours)]
    return tag("ul", {"class": "legend", "aria-label": last_part(results.axes.colour or "")}, *items)


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


def _caption(results: Results) -> str:
    several = len(results.seeds) > 1
    lines = len(results.sparsities) > 1
    words = [
        ("Lines" if lines else "Marks") + (" are means over seeds" if several else " are single runs (one seed)"),
        ("bands" if lines else "bars") + " one standard deviation either way, small dots the seeds" if several else "",
        "dashed lines the dense network" if lines and _dense_shown(results) else "",
    ]
    text = ", ".join(word for word in words if word) + "."
    panels = [results.panels_of(measure) for measure in results.measures]
    left_out = sum(map(len, panels)) - _MOST_PANELS
    text += " Sparsity is spaced by halvings of the weights kept." if lines else ""
    if len(results.panels) > 1 and any(list(titles.values()) == [""] for titles in panels):
        text += " A panel without a name holds for all settings."
    if len(results.summaries) > len(results.measures):
        text += " Further metrics are among the numbers."
    return text + (f" {left_out} more panels are in the table only." if left_out > 0 else "")


def _table(results: Results) -> Table:
    header = (*map(last_part, results.axes.panels), last_part(results.axes.colour or "series"), "sparsity")
    rows = [
        (
            in_unit(measure),
            *map(level, place.panel),
            level(place.colour) if results.axes.colour else "all",
            percent(place.sparsity),
            *(number(value, measure.unit, like=s.mean) for value in (s.mean, s.std, s.low, s.high)),
            str(s.n),
        )
        for measure, cells in results.summaries.items()
        for place, s in cells.items()
    ]
    return Table(("measured", *header, "mean", "std", "min", "max", "seeds"), tuple(rows[:_MOST_ROWS]))
