"""Accuracy against time: every network in every engine that timed it.

What: a point a network and engine, at its median time and its accuracy, both means over seeds; a bar of one standard
deviation over seeds. Accuracy is that of the engine where the study asked for it. Where there are many points, each
network stands in its fastest engine only.
When: the study has a ``bench``.
Cost: nothing is measured; about 3 kB a panel.
Options: none.
Reference: none.
"""

from collections.abc import Sequence
from typing import ClassVar, Final

from tombola.colours import net_tone
from tombola.report.about import About
from tombola.report.curves import Panel, Results, read_results
from tombola.report.figures._base import Drawn, Figure, Table
from tombola.report.markup import Markup, tag
from tombola.report.numbers import mean_and_spread, number
from tombola.report.scatter import Spot, draw_scatter
from tombola.report.speed import Timed, called, timed
from tombola.rows import Row

_MOST_SPOTS: Final = 14
_MOST_PANELS: Final = 12
_X: Final = "milliseconds, median"
_Y: Final = "accuracy (%)"
_TIMES: Final = ((0.0, "openvino:int8", 10.0), (0.9, "native", 4.0))
_COMMON: Final = {"study": "s", "property": "bench", "seed": 0, "samples": 0}


class Speed(Figure):
    """A scatter a panel."""

    ORDER: ClassVar[int] = 5
    SHOWN: ClassVar[tuple[Row, ...]] = tuple(
        Row.model_validate({**_COMMON, "cell": {"draw.sparsity": s}, "detail": {"engine": engine}, **measured})
        for s, engine, ms in _TIMES
        for measured in (
            {"metric": "latency", "value": ms, "unit": "ms", "better": "lower"},
            {"metric": "accuracy", "value": 90.0 - s, "unit": "%", "samples": 100},
        )
    )

    def draw(self, rows: Sequence[Row], about: About) -> Drawn | None:
        results = read_results(rows, about.by)
        found = timed(results)
        if not any(one.accuracy for one in found):
            return None
        by_panel = {panel: [one for one in found if one.place.panel == panel] for panel in results.panels}
        held = {panel: some for panel, some in by_panel.items() if any(one.accuracy for one in some)}
        shown = [_panel(results, panel, some) for panel, some in list(held.items())[:_MOST_PANELS]]
        caption = "Up and to the left is better. Times are of one machine; bars are one standard deviation over seeds."
        left = len(held) - len(shown)
        caption += f" {left} more panels are in the table only." if left else ""
        return Drawn("Accuracy against time", tag("div", {"class": "panels"}, *shown), caption, _table(results, found))


def _panel(results: Results, panel: Panel, found: Sequence[Timed]) -> Markup:
    """All engines of every network, or the fastest of each."""
    least = {place: min(t.latency.mean for t in found if t.place == place) for place in {t.place for t in found}}
    chosen = found if len(found) <= _MOST_SPOTS else [t for t in found if t.latency.mean == least[t.place]]
    spots = [_spot(results, one) for one in chosen if one.accuracy is not None]
    title = results.panel_title(panel)
    said = "; ".join(f"{spot.name}: {spot.said}" for spot in spots)
    heading = [tag("figcaption", None, title)] if title else []
    return tag("figure", {"class": "panel"}, *heading, draw_scatter(spots, _X, _Y, said, None))


def _spot(results: Results, one: Timed) -> Spot:
    assert one.accuracy is not None
    mean, std = one.accuracy.mean, one.accuracy.std
    name = called(results, one).removeprefix(f"{results.panel_title(one.place.panel)}, ")
    said = f"{name}: {number(mean, '%')} % at {number(one.latency.mean)} ms"
    low, high = (mean - std, mean + std) if one.accuracy.n > 1 else (None, None)
    return Spot(name, one.latency.mean, mean, low, high, said, (one.point,) if one.point else (), _tone(results, one))


def _tone(results: Results, one: Timed) -> int:
    """Of what is compared; where nothing is, dense nets in float32, in int8, and tickets have their own."""
    if results.axes.colour:
        return results.tones[results.colours.index(one.place.colour)]
    return net_tone(dense=one.dense, int8="int8" in one.engine)


def _table(results: Results, found: Sequence[Timed]) -> Table:
    """From fast to slow."""
    rows = [
        (
            called(results, one),
            mean_and_spread(one.latency, "ms"),
            "–" if one.accuracy is None else mean_and_spread(one.accuracy, "%"),
            str(one.latency.n),
        )
        for one in sorted(found, key=lambda one: one.latency.mean)
    ]
    return Table(("network and engine", "ms", "accuracy (%)", "n"), tuple(rows))
