"""One panel as SVG with the layers going down and their values going right: a line with markers for each level.

Colours come from the page's CSS variables. Each layer carries its values as ``data-tip``, as in `tombola.report.chart`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tombola.report.chart import marker, plot, point
from tombola.report.curves import Summary
from tombola.report.markup import Markup, tag
from tombola.report.numbers import mean_and_spread
from tombola.report.scales import thinned, ticks

WIDTH = 420.0
_TOP, _BOTTOM, _RIGHT = 6.0, 40.0, 14.0
_LETTER = 6.8
_LONGEST = 22


@dataclass(frozen=True)
class Line:
    """One level of the colour axis: its summaries by layer."""

    tone: int
    name: str
    values: Mapping[str, Summary]
    ids: Mapping[str, str] = field(default_factory=dict)
    """Where each layer's point leads (`tombola.report.points`)."""


@dataclass(frozen=True)
class Column:
    """What panels share: the layers, the largest value, the unit, and what the values are called."""

    names: tuple[str, ...]
    high: float
    unit: str
    title: str

    @property
    def step(self) -> float:
        """The height of a layer; many layers stand closer."""
        return 17.0 if len(self.names) <= 40 else max(6.0, 680.0 / len(self.names))

    @property
    def height(self) -> float:
        return _TOP + self.step * len(self.names) + _BOTTOM

    @property
    def left(self) -> float:
        return 12 + _LETTER * max(len(name) for name in self.labels)

    @property
    def labels(self) -> tuple[str, ...]:
        """The layers' names without ``.weight``, their beginnings left out where they are long."""
        bare = [name.removesuffix(".weight") for name in self.names]
        return tuple(name if len(name) <= _LONGEST else "…" + name[1 - _LONGEST :] for name in bare)

    def x(self, value: float) -> float:
        return self.left + value / self.high * (WIDTH - _RIGHT - self.left)

    def y(self, place: int) -> float:
        return _TOP + self.step * (place + 0.5)


def draw_column(lines: Sequence[Line], column: Column, said: str) -> Markup:
    """The panel; ``said`` is read out in place of the picture."""
    parts = [
        _names(column),
        _scale(column),
        *(_line(line, column) for line in lines),
        tag("line", {"class": "cross", "x1": column.left, "x2": WIDTH - _RIGHT}),
        *(_hit(lines, column, place) for place in range(len(column.names))),
        *(_points(line, column) for line in lines),
    ]
    return plot(said, WIDTH, column.height, *parts)


def _names(column: Column) -> Markup:
    shown = thinned([column.y(place) for place in range(len(column.names))], 13)
    texts = [
        tag("text", {"class": "t", "x": column.left - 8, "y": column.y(k) + 4, "text-anchor": "end"}, column.labels[k])
        for k in shown
    ]
    lines = "".join(f"M{column.left:.1f} {column.y(place):.1f}H{WIDTH - _RIGHT:.1f}" for place in shown)
    return tag("g", {"class": "axis"}, tag("path", {"class": "grid", "d": lines}), *texts)


def _scale(column: Column) -> Markup:
    base = column.height - _BOTTOM
    values = ticks(0.0, column.high)
    marks = "".join(f"M{column.x(value):.1f} {base:g}v4" for value in values)
    texts = [
        tag("text", {"class": "t", "x": column.x(v), "y": base + 17, "text-anchor": "middle"}, f"{v:,g}")
        for v in values
    ]
    middle = (column.left + WIDTH - _RIGHT) / 2
    title = tag(
        "text", {"class": "t title", "x": middle, "y": column.height - 5, "text-anchor": "middle"}, column.title
    )
    line = tag("path", {"class": "base", "d": f"M{column.left:.1f} {base:g}H{WIDTH - _RIGHT:.1f}{marks}"})
    return tag("g", {"class": "axis"}, line, *texts, title)


def _line(line: Line, column: Column) -> Markup:
    """The means joined from layer to layer; a bar of one standard deviation either way where there are seeds."""
    points = [(line.values[name], column.y(k)) for k, name in enumerate(column.names) if name in line.values]
    through = "M" + "L".join(f"{column.x(s.mean):.1f} {y:.1f}" for s, y in points)
    bars = "".join(
        f"M{column.x(max(0.0, s.mean - s.std)):.1f} {y:.1f}H{column.x(min(column.high, s.mean + s.std)):.1f}"
        for s, y in points
        if s.n > 1
    )
    parts = [tag("path", {"class": "curve", "d": through})]
    parts += [tag("path", {"class": "bar", "d": bars})] if bars else []
    return tag("g", {"class": f"c{line.tone % 8} d{line.tone // 8 % 3}"}, *parts)


def _points(line: Line, column: Column) -> Markup:
    """The means, each a link to its rows; they lie over everything."""
    return tag(
        "g",
        None,
        *(
            point(
                line.ids.get(name, ""),
                f"{line.name}, {name}: {mean_and_spread(line.values[name], column.unit)}",
                line.tone,
                marker(line.tone, column.x(line.values[name].mean), column.y(place)),
                column=place,
            )
            for place, name in enumerate(column.names)
            if name in line.values
        ),
    )


def _hit(lines: Sequence[Line], column: Column, place: int) -> Markup:
    """An invisible row over the layer, as high as it is nearest."""
    name = column.names[place]
    told = [
        f"{line.tone % 8}\t{line.name}\t{mean_and_spread(line.values[name], column.unit)}\tn = {line.values[name].n}"
        for line in lines
        if name in line.values
    ]
    box = {"x": 0.0, "y": column.y(place) - column.step / 2, "width": WIDTH, "height": column.step}
    middle = (column.left + WIDTH) / 2
    data = {"data-x": middle, "data-y": column.y(place), "data-tip": "\n".join([name, *told])}
    return tag("rect", {"class": "hit", **box, **data})
