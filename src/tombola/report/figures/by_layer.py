"""What is measured of single layers, layer by layer: densities, dead kernels, one line for each level of the colours.

What: the layers from the input down, the value to the right, means over seeds joined by a line, a bar of one standard
deviation; a panel for each sparsity and setting. Tickets that several transfers share are drawn once; at sparsity 0,
where all layers are alike, nothing is.
When: the study measures a property that has rows of layers, such as ``density`` or ``dead_kernels``.
Cost: nothing is measured; about 100 bytes a layer, line and panel.
Options: none.
Reference: layer-wise densities as in Evci et al., ICML 2020; kernels as in Chen et al., CVPR 2021, figure 7.
"""

from collections.abc import Sequence
from typing import ClassVar

from tombola.report.about import About
from tombola.report.axes import last_part, level
from tombola.report.figures._base import Drawn, Figure, Table
from tombola.report.layer_chart import Column, Line, draw_column
from tombola.report.layers import Layers, Part, read_layers
from tombola.report.markup import Markup, join, tag
from tombola.report.numbers import number, percent
from tombola.report.panels import key_of
from tombola.report.scales import padded
from tombola.rows import Row

_MOST_PANELS = 24
_MOST_ROWS = 3000


class ByLayer(Figure):
    """Layers going down, values going right."""

    ORDER: ClassVar[int] = 40

    def draw(self, rows: Sequence[Row], about: About) -> Drawn | None:
        layers = read_layers(rows, about.by)
        if not layers.parts:
            return None
        shown = [part for part in layers.parts if part.sparsity != 0][:_MOST_PANELS]
        fragment = join(key_of(layers), *(_block(layers, *kind, shown) for kind in layers.metrics)) if shown else ""
        return Drawn("Layer by layer", fragment, _caption(layers, shown), _table(layers))


def _block(layers: Layers, metric: str, unit: str, shown: Sequence[Part]) -> Markup:
    """A heading and the panels of one metric, on one scale."""
    parts = [part for part in shown if (part.metric, part.unit) == (metric, unit)]
    if not parts:
        return Markup("")
    summaries = [s for part in parts for values in layers.parts[part].values() for s in values.values()]
    high = padded([0.0, *(s.mean + s.std for s in summaries)], unit)[1]
    column = Column(layers.names, high, unit, _said(metric, unit))
    heading = tag("h3", None, _said(metric, unit))
    panels = [_panel(layers, part, column) for part in parts]
    return tag("div", {"class": "block"}, heading, tag("div", {"class": "panels"}, *panels))


def _panel(layers: Layers, part: Part, column: Column) -> Markup:
    lines = [
        Line(
            layers.tones[layers.colours.index(colour)],
            level(colour) if layers.axes.colour else "mean",
            values,
            {name: layers.ids[part, colour, name] for name in values},
        )
        for colour, values in layers.parts[part].items()
    ]
    title = _title(layers, part)
    heading = [tag("figcaption", None, title)] if title else []
    names = ", ".join(line.name for line in lines)
    said = f"{column.title} of {len(column.names)} layers{f', {title}' if title else ''}: {names}"
    return tag("figure", {"class": "panel"}, *heading, draw_column(lines, column, said))


def _said(metric: str, unit: str) -> str:
    """``density (%)`` of ``layer_density``."""
    name = metric.removeprefix("layer_").replace("_", " ")
    return f"{name} ({unit})" if unit else name


def _title(layers: Layers, part: Part) -> str:
    told = zip(layers.axes.panels, part.panel, strict=True)
    words = [value if isinstance(value, str) and value else f"{last_part(axis)} {level(value)}" for axis, value in told]
    return ", ".join([*words, *([f"{percent(part.sparsity)} pruned"] if part.sparsity is not None else [])])


def _caption(layers: Layers, shown: Sequence[Part]) -> str:
    several = any(s.n > 1 for levels in layers.parts.values() for layer in levels.values() for s in layer.values())
    text = "Means over seeds, bars one standard deviation either way." if several else "Single runs (one seed)."
    left = sum(part.sparsity != 0 for part in layers.parts) - len(shown)
    text += " The input is at the top." + (" Lines that coincide hide each other." if len(layers.colours) > 1 else "")
    return text + (f" {left} more panels are in the table only." if left else "")


def _table(layers: Layers) -> Table:
    axes = layers.axes
    header = ("measured", *map(last_part, axes.panels), last_part(axes.colour or "series"), "sparsity", "layer")
    rows = [
        (
            _said(part.metric, part.unit),
            *map(level, part.panel),
            level(colour) if axes.colour else "all",
            percent(part.sparsity),
            name,
            number(s.mean, part.unit),
            number(s.std, part.unit, like=s.mean),
            str(s.n),
        )
        for part, levels in layers.parts.items()
        for colour, values in levels.items()
        for name, s in values.items()
    ]
    return Table((*header, "mean", "std", "seeds"), tuple(rows[:_MOST_ROWS]))
