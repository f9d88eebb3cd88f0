"""The statistics of a study: mean, spread and number of seeds of every cell, for every measured value."""

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from statistics import fmean, stdev
from typing import Final, TypeAlias

from tombola.colours import tones
from tombola.report.axes import Axes, axes_of, level, ordered, rank, without_seed
from tombola.report.points import point_id
from tombola.rows import Row, Scalar
from tombola.verdicts.runs import Runs, is_share, outcomes_of, values_of

LAYER: Final = "layer"
"""The detail that names the layer a row is about; other rows are about the whole ticket or model."""

KERNELS: Final = "kernels"
"""The detail that is a picture of a layer's kernels, rows of digits; it is drawn, and told nowhere else."""

DENSE: Final = "dense"
"""A level of the colour axis that is what the others are compared with, where no sparsity is varied."""

_FOUND: Final = frozenset({"flags", "dropped", "p90_ms"})
"""Details that are no budget: what was found beside the value, which may differ between seeds."""

_ALWAYS: Final = frozenset({"comparable"})
"""A detail that is there only where numbers do not compare, and says why."""

Panel: TypeAlias = tuple[Scalar, ...]
"""The levels of the axes in `Axes.panels`, in their order."""


@dataclass(frozen=True)
class Measure:
    """What a number is a number of."""

    subject: str
    metric: str
    budget: str = ""
    unit: str = ""
    better: str = "higher"

    @property
    def words(self) -> tuple[str, ...]:
        """Everything it says, in its order."""
        return self.subject, self.metric, self.budget, self.unit, self.better

    @property
    def label(self) -> str:
        """``adversarial accuracy``, or ``calibration: ece`` where the metric says something of its own."""
        whole, part = self.subject.replace("_", " "), self.metric.replace("_", " ")
        name = whole if part in whole else part if whole in part else f"{whole}: {part}"
        return f"{name} ({self.budget})" if self.budget else name


@dataclass(frozen=True)
class Summary:
    """The values of one cell by seed, and what they come to."""

    values: Mapping[int, float]
    samples: int = 0
    outcomes: Mapping[int, str] = field(default_factory=dict)

    @property
    def n(self) -> int:
        return len(self.values)

    @cached_property
    def mean(self) -> float:
        return fmean(self.values.values())

    @cached_property
    def std(self) -> float:
        """The sample standard deviation over seeds (n - 1); 0 for one seed, where ``n`` says that it means nothing."""
        return stdev(self.values.values()) if self.n > 1 else 0.0

    @property
    def low(self) -> float:
        return min(self.values.values())

    @property
    def high(self) -> float:
        return max(self.values.values())


@dataclass(frozen=True)
class Place:
    """Where a number stands: a panel, a level of the colour axis, a sparsity."""

    panel: Panel
    colour: Scalar
    sparsity: float | None


@dataclass(frozen=True)
class Results:
    """All summaries of a study, with the levels that occur, in order."""

    axes: Axes
    summaries: Mapping[Measure, Mapping[Place, Summary]]
    behind: Mapping[Measure, Mapping[Place, Sequence[Row]]] = field(default_factory=dict, repr=False)
    """The rows each summary was made of, by seed."""

    @cached_property
    def ids(self) -> Mapping[tuple[Measure, Place], str]:
        """The name in the page of everything summed up: where its points and cells lead (`tombola.report.points`)."""
        return {
            (measure, place): point_id(measure.words, without_seed(rows[0]))
            for measure, places in self.behind.items()
            for place, rows in places.items()
        }

    def named(self, colour: Scalar) -> str:
        """What a level of the colour axis is called; ``all`` where nothing is compared."""
        return level(colour) if self.axes.colour else "all"

    def point(self, measure: Measure, place: Place) -> str:
        """One of the `ids`; empty where nothing was measured."""
        return self.ids.get((measure, place), "")

    @cached_property
    def measures(self) -> tuple[Measure, ...]:
        """What is plotted and compared: a property's metric of its own name where it has one, else all its metrics.

        The other metrics (the clean accuracy beside the adversarial one) are in the tables of numbers.
        """
        named = {measure.subject for measure in self.summaries if measure.metric == measure.subject}
        return tuple(m for m in self.summaries if m.metric == m.subject or m.subject not in named)

    @cached_property
    def places(self) -> tuple[Place, ...]:
        found = {place for of_measure in self.summaries.values() for place in of_measure}
        return tuple(sorted(found, key=_place_rank))

    @cached_property
    def panels(self) -> tuple[Panel, ...]:
        return tuple(dict.fromkeys(place.panel for place in self.places))

    @cached_property
    def colours(self) -> tuple[Scalar, ...]:
        return ordered(place.colour for place in self.places)

    @cached_property
    def tones(self) -> tuple[int, ...]:
        """The tone of each level, in the levels' order (`tombola.colours.tones`)."""
        return tones([level(colour) for colour in self.colours])

    @cached_property
    def sparsities(self) -> tuple[float, ...]:
        return tuple(sorted({place.sparsity for place in self.places if place.sparsity is not None}))

    @cached_property
    def seeds(self) -> tuple[int, ...]:
        found = {seed for cells in self.summaries.values() for summary in cells.values() for seed in summary.values}
        return tuple(sorted(found))

    def at(self, measure: Measure, panel: Panel, sparsity: float | None) -> dict[Scalar, Summary]:
        """The summaries there, by level of the colour axis."""
        found = ((c, self.summaries[measure].get(Place(panel, c, sparsity))) for c in self.colours)
        return {colour: summary for colour, summary in found if summary is not None}

    def curve(self, measure: Measure, panel: Panel, colour: Scalar) -> dict[float, Summary]:
        """One line: the summaries by sparsity, gaps left out."""
        found = ((s, self.summaries[measure].get(Place(panel, colour, s))) for s in self.sparsities)
        return {sparsity: summary for sparsity, summary in found if summary is not None}

    def runs(self, measure: Measure, place: Place) -> Runs:
        """What a verdict is given of a cell; no runs where it was not measured."""
        summary = self.summaries[measure].get(place, Summary({}))
        share = is_share(measure.metric, measure.unit, summary.samples)
        return Runs(summary.values, measure.unit, measure.better, summary.samples, share, summary.outcomes)

    def panels_of(self, measure: Measure) -> dict[Panel, str]:
        """The panels of a measure with their titles.

        The first alone and untitled where nothing is better and all hold the same numbers: a property of the ticket is
        the same whatever is done with the ticket.
        """
        held: dict[Panel, dict[object, Summary]] = {panel: {} for panel in self.panels}
        for place, summary in self.summaries[measure].items():
            held[place.panel][place.colour, place.sparsity] = summary
        first, *others = held
        alike = others and held[first] and all(held[panel] == held[first] for panel in others)
        if alike and measure.better == "neither":
            return {first: ""}
        return {panel: self.panel_title(panel) for panel in held if held[panel]}

    def panel_title(self, panel: Panel) -> str:
        """``linear``; a number, a yes or a no is told by its axis' name too."""
        told = zip(self.axes.panels, panel, strict=True)
        words = (value if isinstance(value, str) and value else f"{axis} {level(value)}" for axis, value in told)
        return ", ".join(words)


class ReadOnce(tuple[Row, ...]):
    """Rows whose statistics are made at the first look and kept: every figure of a page looks at the same ones."""

    @cached_property
    def made(self) -> dict[str, Results]:
        """What was read so far, by the axis whose levels are compared."""
        return {}


def read_results(rows: Sequence[Row], by: str = "") -> Results:
    """The statistics of the rows: in any order, with cells missing, of one study or several.

    ``by`` names the axis whose levels are compared; left out, it is the prior, or what else varies. Rows about single
    layers are left out: `tombola.report.layers` reads those.
    """
    if not isinstance(rows, ReadOnce):
        return _read(rows, by)
    if by not in rows.made:
        rows.made[by] = _read(rows, by)
    return rows.made[by]


def _read(rows: Sequence[Row], by: str) -> Results:
    rows = studies_told_apart([row for row in rows if LAYER not in row.detail])
    axes, told = axes_of(rows, by), _telling_budget(rows)
    cells: dict[Measure, dict[Place, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        cells[_measure(row, told)][_place(row, axes)].append(row)
    measures = sorted(cells, key=lambda measure: measure.words)
    behind = {measure: _in_order(cells[measure]) for measure in measures}
    summaries = {m: {place: _summary(found) for place, found in behind[m].items()} for m in measures}
    return Results(axes, summaries, behind)


def _in_order(cells: Mapping[Place, Sequence[Row]]) -> dict[Place, Sequence[Row]]:
    """Whatever order the rows came in: places by their levels, rows by their seed."""
    return {
        place: sorted(cells[place], key=lambda row: (row.seed, row.key, row.value))
        for place in sorted(cells, key=_place_rank)
    }


def _summary(rows: Sequence[Row]) -> Summary:
    return Summary(values_of(rows), min(row.samples for row in rows), outcomes_of(rows))


def _place(row: Row, axes: Axes) -> Place:
    cell = without_seed(row)
    sparsity = cell[axes.sparsity] if axes.sparsity is not None else None
    colour = cell.get(axes.colour) if axes.colour is not None else None
    return Place(tuple(cell.get(name) for name in axes.panels), colour, None if sparsity is None else float(sparsity))


def _measure(row: Row, told: Sequence[str]) -> Measure:
    budget = ", ".join(_said(name, row.detail[name]) for name in told if name in row.detail)
    return Measure(row.property, row.metric, budget, row.unit, row.better)


def _said(name: str, value: Scalar) -> str:
    return "not comparable" if name in _ALWAYS else f"{name} {level(value)}"


def _telling_budget(rows: Sequence[Row]) -> tuple[str, ...]:
    """The details that tell apart rows which agree on all else: one property measured with several budgets.

    No more of them than it takes, by name; what says that numbers do not compare is always among them.
    """
    groups: dict[Hashable, list[Row]] = defaultdict(list)
    for row in rows:
        if row.detail:
            groups[tuple(sorted(row.cell.items())), row.seed, row.property, row.metric].append(row)

    def told_apart(names: Sequence[str]) -> int:
        return sum(len({tuple(row.detail.get(name) for name in names) for row in group}) for group in groups.values())

    telling: tuple[str, ...] = ()
    for name in sorted({name for row in rows for name in row.detail} - _FOUND):
        if name in _ALWAYS or told_apart((*telling, name)) > told_apart(telling):
            telling = (*telling, name)
    return telling


def studies_told_apart(rows: Sequence[Row]) -> Sequence[Row]:
    """Rows of several studies get an axis that says which, so their numbers are not averaged."""
    if len({row.study for row in rows}) < 2:
        return rows
    return [row.model_copy(update={"cell": {"study": row.study, **row.cell}}) for row in rows]


def _place_rank(place: Place) -> tuple[object, ...]:
    return tuple(map(rank, place.panel)), rank(place.colour), rank(place.sparsity)
