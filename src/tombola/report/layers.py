"""The statistics of rows about single layers: each value by layer, for every level of the colour axis."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from statistics import fmean

from tombola.colours import tones
from tombola.report.axes import Axes, axes_of, level, ordered, rank, without_seed
from tombola.report.curves import LAYER, Panel, Summary, studies_told_apart
from tombola.report.points import point_id
from tombola.rows import Row, Scalar


@dataclass(frozen=True)
class Part:
    """Which value of which layers: a metric, its unit, a panel and a sparsity."""

    metric: str
    unit: str
    panel: Panel
    sparsity: float | None


@dataclass(frozen=True)
class Layers:
    """Every value by part, level of the colour axis and layer; layers in the order the network has them."""

    axes: Axes
    names: tuple[str, ...]
    parts: Mapping[Part, Mapping[Scalar, Mapping[str, Summary]]]
    behind: Mapping[tuple[Part, Scalar, str], Sequence[Row]] = field(default_factory=dict, repr=False)
    """The rows each summary was made of, by seed: those of the part, the level of the colour axis and the layer."""

    @cached_property
    def ids(self) -> Mapping[tuple[Part, Scalar, str], str]:
        """The name in the page of everything summed up (`tombola.report.points`)."""
        return {
            place: point_id((rows[0].property, rows[0].metric, rows[0].unit, place[2]), without_seed(rows[0]))
            for place, rows in self.behind.items()
        }

    @cached_property
    def colours(self) -> tuple[Scalar, ...]:
        return ordered(colour for levels in self.parts.values() for colour in levels)

    @cached_property
    def tones(self) -> tuple[int, ...]:
        """The tone of each level, in the levels' order (`tombola.colours.tones`)."""
        return tones([level(colour) for colour in self.colours])

    @cached_property
    def metrics(self) -> tuple[tuple[str, str], ...]:
        """(metric, unit) of everything measured, in order."""
        return tuple(dict.fromkeys((part.metric, part.unit) for part in self.parts))


def read_layers(rows: Sequence[Row], by: str = "") -> Layers:
    """The statistics of the rows about layers, in any order; other rows are left out.

    Where several cells share one measurement (a ticket that was transferred in several ways) it counts once.
    """
    rows = _once([row for row in studies_told_apart(rows) if LAYER in row.detail])
    axes = axes_of(rows, by) if rows else Axes()
    values: dict[Part, dict[Scalar, dict[str, dict[int, list[float]]]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    )
    behind: dict[tuple[Part, Scalar, str], list[Row]] = defaultdict(list)
    for row in rows:
        colour = without_seed(row).get(axes.colour) if axes.colour is not None else None
        part = _part(row, axes)
        values[part][colour][_name(row)][row.seed].append(row.value)
        behind[part, colour, _name(row)].append(row)
    names = _in_order(rows)
    parts = {
        part: {colour: _summaries(values[part][colour], names) for colour in ordered(values[part])}
        for part in sorted(values, key=_rank)
    }
    ordered_rows = {
        (part, colour, name): sorted(behind[part, colour, name], key=lambda row: (row.seed, row.key, row.value))
        for part, levels in parts.items()
        for colour, of_level in levels.items()
        for name in of_level
    }
    return Layers(axes, names, parts, ordered_rows)


def _once(rows: Sequence[Row]) -> list[Row]:
    """Of rows that one stage measured for several cells, those of the first cell."""
    found: dict[object, Row] = {}
    for row in sorted(rows, key=lambda row: row.json_line()):
        shared = (row.key, row.metric, _name(row), row.seed)
        found.setdefault(shared if row.key else row.json_line(), row)
    return list(found.values())


def _part(row: Row, axes: Axes) -> Part:
    cell = without_seed(row)
    sparsity = cell[axes.sparsity] if axes.sparsity is not None else None
    panel = tuple(cell.get(name) for name in axes.panels)
    return Part(row.metric, row.unit, panel, None if sparsity is None else float(sparsity))


def _rank(part: Part) -> tuple[object, ...]:
    return part.metric, part.unit, tuple(map(rank, part.panel)), rank(part.sparsity)


def _name(row: Row) -> str:
    return str(row.detail[LAYER])


def _in_order(rows: Sequence[Row]) -> tuple[str, ...]:
    """By the place the network gives them, then by name."""
    places = {(rank(row.detail.get("place")), rank(_name(row)), _name(row)) for row in rows}
    return tuple(dict.fromkeys(name for _, _, name in sorted(places)))


def _summaries(layers: Mapping[str, Mapping[int, Sequence[float]]], names: Sequence[str]) -> dict[str, Summary]:
    return {
        name: Summary({seed: fmean(sorted(layers[name][seed])) for seed in sorted(layers[name])})
        for name in names
        if name in layers
    }
