"""Curves as the page and a picture both draw them: the lines of a panel, and one scale for all panels of a measure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tombola.report.axes import level
from tombola.report.curves import DENSE, Measure, Panel, Place, Results, Summary
from tombola.report.scales import kept_halvings, padded


@dataclass(frozen=True)
class Series:
    """One level of the colour axis: its summaries by x, and the dense level where there is one."""

    tone: int
    name: str
    points: tuple[tuple[float, Summary], ...]
    dense: float | None = None
    ids: tuple[str, ...] = ()
    """Where each point leads (`tombola.report.points`)."""


@dataclass(frozen=True)
class Frame:
    """What panels of one measure share: the x positions with their labels, the range of y, the unit, the words."""

    xs: tuple[tuple[float, str], ...]
    low: float
    high: float
    unit: str
    x_title: str
    labelled: bool
    lines: bool


@dataclass(frozen=True)
class Look:
    """Which sparsities are drawn, how each is written below the plot, and what the numbers there are.

    Without sparsities it is a study that varies none, and the levels stand side by side.
    """

    sparsities: tuple[float, ...]
    label: Callable[[float], str]
    title: str

    @property
    def lines(self) -> bool:
        """Whether there is something to join; a single sparsity has its levels side by side."""
        return len(self.sparsities) > 1


def dense_shown(results: Results) -> bool:
    """A dotted line for each of many levels would hide the curves."""
    return 0.0 in results.sparsities and len(results.colours) <= 4


def series_of(results: Results, look: Look, measure: Measure, panel: Panel) -> list[Series]:
    """The lines of a panel; with one sparsity, x is the place of the level on the colour axis."""
    if not look.sparsities:
        return _unpruned(results, measure, panel)
    found: list[Series] = []
    for index, colour in enumerate(results.colours):
        whole = results.curve(measure, panel, colour)
        curve = {s: summary for s, summary in whole.items() if s in look.sparsities}
        points = tuple((kept_halvings(s) if look.lines else float(index), summary) for s, summary in curve.items())
        if points:
            dense = whole[0.0].mean if 0.0 in whole and look.lines and dense_shown(results) else None
            ids = tuple(results.point(measure, Place(panel, colour, s)) for s in curve)
            found.append(Series(results.tones[index], name_of(results, index), points, dense, ids))
    return found


def _unpruned(results: Results, measure: Measure, panel: Panel) -> list[Series]:
    """A point a level where no sparsity is varied; the level called dense is a line across too."""
    found: list[Series] = []
    for index, colour in enumerate(results.colours):
        place = Place(panel, colour, None)
        if (summary := results.summaries[measure].get(place)) is not None:
            dense = summary.mean if colour == DENSE else None
            ids = (results.point(measure, place),)
            found.append(Series(results.tones[index], name_of(results, index), ((float(index), summary),), dense, ids))
    return found


def frame_of(results: Results, look: Look, measure: Measure, panels: Sequence[Panel]) -> Frame | None:
    """One scale for all panels of a measure, so that they can be compared; None where it has nothing to draw."""
    summaries = [s for panel in panels for series in series_of(results, look, measure, panel) for _, s in series.points]
    if not summaries:
        return None
    ends = [end for s in summaries for end in (s.low, s.high, s.mean - s.std, s.mean + s.std)]
    low, high = padded(ends, measure.unit)
    if look.lines:
        xs = tuple((kept_halvings(s), look.label(s)) for s in look.sparsities)
    else:
        xs = tuple((float(index), name_of(results, index)) for index in range(len(results.colours)))
    return Frame(xs, low, high, measure.unit, look.title, look.lines and labelled(results), look.lines)


def labelled(results: Results) -> bool:
    """Whether the lines carry their names: several of them, and names that are few and short."""
    return 1 < len(results.colours) <= 6 and all(len(level(colour)) <= 16 for colour in results.colours)


def name_of(results: Results, index: int) -> str:
    return level(results.colours[index]) if results.axes.colour else "mean"
