"""Whether the farther target gains more: the gain of a prior over the natural one against the Fréchet distance.

What: one point a target, labelled: across, the Fréchet distance between source and target (``fid`` under Inception,
else under the natural prior's own features); up, the mean lead over the natural prior on shared seeds, with its 95 %
interval. Spearman's rank correlation stands over each panel with the number of targets and how often chance gives as
much. A panel for each other prior and up to three sparsities.
When: ``frechet_distance`` was measured for three targets or more, and there are a natural prior and another.
Cost: nothing is measured; about 3 kB a panel.
Options: none.
Reference: Fu et al., DAC 2023 (arXiv 2304.11834), section 4.6 and table 2.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import ClassVar, Final

from tombola.report.about import About
from tombola.report.axes import last_part, level
from tombola.report.choices import spaced
from tombola.report.correlation import FEWEST, Correlation, rank_correlation
from tombola.report.curves import Measure, Panel, Place, Results, read_results
from tombola.report.figures._base import Drawn, Figure, Table
from tombola.report.markup import Markup, tag
from tombola.report.numbers import difference_unit, number, percent
from tombola.report.scatter import Spot, draw_scatter
from tombola.rows import Row, Scalar
from tombola.verdicts.paired import paired, tolerance_of

_DISTANCE, _NATURAL = "frechet_distance", "natural"
_HEADLINES: Final = ("accuracy", "mean_iou")
_MOST_PANELS, _MOST_LEVELS = 12, 3


@dataclass(frozen=True)
class Contest:
    """The points of one panel: a prior against the natural one at one sparsity, in one setting of the other axes."""

    prior: Scalar
    sparsity: float | None
    rest: str
    spots: tuple[Spot, ...]

    @property
    def correlation(self) -> Correlation | None:
        return rank_correlation([spot.x for spot in self.spots], [spot.y for spot in self.spots])


class FidGain(Figure):
    """Distance to the target against what a robust prior gains there."""

    ORDER: ClassVar[int] = 24

    def draw(self, rows: Sequence[Row], about: About) -> Drawn | None:
        results = read_results(rows, about.by)
        distance = next((measure for measure in results.summaries if measure.subject == _DISTANCE), None)
        gained, axis = _gained(results), _target_axis(results)
        if distance is None or gained is None or axis is None or _NATURAL not in results.colours:
            return None
        found = [one for one in _contests(results, distance, gained, axis) if len(one.spots) >= FEWEST]
        if not found:
            return None
        x_title = "FID" if distance.metric == "fid" else "Fréchet distance of the natural prior's features"
        unit = difference_unit(gained.unit)
        shown = _shown(found)
        panels = [_panel(one, x_title, f"{gained.label} gained{f' ({unit})' if unit else ''}") for one in shown]
        return Drawn(
            "Does the farther target gain more?",
            tag("div", {"class": "panels"}, *panels),
            _caption(gained, len(shown) < len(found)),
            _table(found, gained, x_title),
        )


def _gained(results: Results) -> Measure | None:
    """The headline value: accuracy or mean IoU, else the first of which more or less is better."""
    candidates = [measure for measure in results.measures if measure.better != "neither"]
    named = [measure for name in _HEADLINES for measure in candidates if measure.subject == name]
    return next(iter([*named, *candidates]), None)


def _target_axis(results: Results) -> int | None:
    """Which of the panels' axes is the target: by its name, else the one with the most levels."""
    axes = results.axes.panels
    named = [k for k, axis in enumerate(axes) if last_part(axis) in ("target", "task") or axis.startswith("target")]
    sizes = [len({panel[k] for panel in results.panels}) for k in range(len(axes))]
    return named[0] if named else max(range(len(axes)), key=lambda k: (sizes[k], -k)) if axes else None


def _contests(results: Results, distance: Measure, gained: Measure, axis: int) -> list[Contest]:
    rests = list(dict.fromkeys(panel[:axis] + panel[axis + 1 :] for panel in results.panels))
    far = _distances(results, distance, axis)
    return [
        Contest(prior, s, _rest_title(results, axis, rest), _spots(results, gained, axis, rest, prior, s, far))
        for prior in results.colours
        if prior != _NATURAL
        for rest in rests
        for s in results.sparsities or (None,)
    ]


def _distances(results: Results, distance: Measure, axis: int) -> dict[Scalar, tuple[float, str]]:
    """The mean distance by target, under the natural prior's features, and the name of one of its points."""
    found: dict[Scalar, list[tuple[float, str]]] = {}
    for place, summary in results.summaries[distance].items():
        if place.colour == _NATURAL:
            found.setdefault(place.panel[axis], []).append((summary.mean, results.point(distance, place)))
    return {target: (fmean(value for value, _ in held), held[0][1]) for target, held in found.items()}


def _spots(
    results: Results, gained: Measure, axis: int, rest: Panel, prior: Scalar, sparsity: float | None,
    far: dict[Scalar, tuple[float, str]],
) -> tuple[Spot, ...]:  # fmt: skip
    found: list[Spot] = []
    for target, (x, where) in far.items():
        panel = (*rest[:axis], target, *rest[axis:])
        places = [Place(panel, colour, sparsity) for colour in (prior, _NATURAL)]
        left, right = (results.runs(gained, place) for place in places)
        if not left.n or not right.n:
            continue
        verdict = paired(left, right, (level(prior), _NATURAL), tolerance=tolerance_of(gained.unit))
        y, span = verdict.difference or 0.0, verdict.interval
        low, high = (span.low, span.high) if span else (None, None)
        told = f"{number(span.low, gained.unit)} to {number(span.high, gained.unit)}" if span else "no interval"
        said = f"{level(target)}: distance {number(x)}, gain {number(y, gained.unit)} ({told})"
        ids = tuple(point for point in (*(results.point(gained, place) for place in places), where) if point)
        found.append(Spot(level(target), x, y, low, high, said, ids))
    return tuple(found)


def _rest_title(results: Results, axis: int, rest: Panel) -> str:
    names = results.axes.panels[:axis] + results.axes.panels[axis + 1 :]
    told = zip(names, rest, strict=True)
    return ", ".join(value if isinstance(value, str) and value else f"{name} {level(value)}" for name, value in told)


def _shown(found: Sequence[Contest]) -> list[Contest]:
    """All settings at up to three sparsities, as many panels as there is room for."""
    levels = list(dict.fromkeys(one.sparsity for one in found))
    chosen = spaced(levels, _MOST_LEVELS)
    return [one for one in found if one.sparsity in chosen][:_MOST_PANELS]


def _panel(one: Contest, x_title: str, y_title: str) -> Markup:
    where = f"{percent(one.sparsity)} pruned" if one.sparsity is not None else ""
    title = ", ".join(part for part in (f"{level(one.prior)} less {_NATURAL}", one.rest, where) if part)
    said = _correlated(one)
    heading = tag("figcaption", None, tag("b", None, title), tag("br"), said)
    return tag("figure", {"class": "panel"}, heading, draw_scatter(one.spots, x_title, y_title, f"{title}. {said}"))


def _correlated(one: Contest) -> str:
    """``rank correlation −0.62 over n = 12 targets (chance: 3 in 100)``."""
    found, n = one.correlation, len(one.spots)
    if found is None:
        return f"no rank correlation: n = {n} targets, alike on one side"
    sign = "−" if found.rho < 0 else "+"
    return f"rank correlation {sign}{abs(found.rho):.2f} over n = {n} targets (p = {found.p:.2g})"


def _caption(gained: Measure, cut: bool) -> str:
    unit = difference_unit(gained.unit)
    text = (
        f"Up: {gained.label} gained over the natural prior{f' in {unit}' if unit else ''}, positive where it is better,"
        " with the 95 % interval of the paired difference. p is how often targets in random order correlate as much;"
        " panels are not independent, and a handful of targets shows little."
    )
    return text + (" The other sparsities are in the table." if cut else "")


def _table(found: Sequence[Contest], gained: Measure, x_title: str) -> Table:
    def text(value: float | None) -> str:
        return "–" if value is None else number(value, gained.unit)

    rows = [
        (level(one.prior), one.rest or "–", percent(one.sparsity), spot.name, number(spot.x),
         text(spot.y), text(spot.low), text(spot.high))
        for one in found for spot in one.spots
    ]  # fmt: skip
    return Table(("prior", "setting", "sparsity", "target", x_title, "gain", "low", "high"), tuple(rows))
