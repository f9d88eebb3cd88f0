"""What each prior's ticket keeps beside accuracy: one spoke a property, every spoke from 0 to 100 %, more is better.

What: a radar for each sparsity chosen (the densest, a middle one, the sparsest; one alone where there are many
settings) and setting: accuracy, adversarial accuracy, OoD AUROC and other shares as they are, errors (calibration,
corruption) as 100 % less the error. No spoke is stretched to what is shown. Beside it the table of the same values.
When: three shares or more were measured of the same tickets.
Cost: nothing is measured; about 5 kB a radar.
Options: none.
Reference: Fu et al., DAC 2023 (arXiv 2304.11834), figure 8 and section 4.5, for the properties.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi, sin
from typing import ClassVar, Final

from tombola.report.about import About
from tombola.report.chart import marker, plot, point
from tombola.report.choices import spaced
from tombola.report.curves import Measure, Panel, Place, Results, Summary, read_results
from tombola.report.figures._base import Drawn, Figure
from tombola.report.markup import Markup, join, scrolled, tag
from tombola.report.numbers import number, percent
from tombola.report.panels import key_of
from tombola.rows import Row, Scalar

FEWEST: Final = 3
_MOST_SPOKES, _MOST_RADARS = 8, 12
_WIDTH, _HEIGHT, _RADIUS = 420.0, 336.0, 126.0
_RINGS: Final = (25, 50, 75, 100)


@dataclass(frozen=True)
class Spoke:
    """A measure as a share of which more is better; ``turned`` where it is 100 % less what was measured."""

    measure: Measure
    turned: bool

    @property
    def name(self) -> str:
        return f"100 % − {self.measure.label}" if self.turned else self.measure.label

    def value(self, summary: Summary) -> float:
        return 100 - summary.mean if self.turned else summary.mean


class Radar(Figure):
    """The properties of the priors' tickets side by side."""

    ORDER: ClassVar[int] = 26

    def draw(self, rows: Sequence[Row], about: About) -> Drawn | None:
        results = read_results(rows, about.by)
        spokes = [spoke for measure in results.measures if (spoke := _spoke(results, measure)) is not None]
        spokes = spokes[:_MOST_SPOKES]
        if len(spokes) < FEWEST:
            return None
        held = [panel for panel in results.panels if _complete(results, spokes, panel)]
        if not held:
            return None
        radars = _chosen(results, spokes, held)
        drawn = [_radar(results, spokes, panel, sparsity) for panel, sparsity in radars]
        return Drawn(
            "What the tickets keep", join(key_of(results), tag("div", None, *drawn)), _caption(held, radars, results)
        )


def _spoke(results: Results, measure: Measure) -> Spoke | None:
    """Shares alone: other units have no end that could be drawn."""
    values = results.summaries[measure].values()
    if measure.unit != "%" or measure.better == "neither" or not all(0 <= s.mean <= 100 for s in values):
        return None
    return Spoke(measure, measure.better == "lower")


def _at(results: Results, spokes: Sequence[Spoke], panel: Panel, sparsity: float | None) -> dict[Scalar, list[Summary]]:
    """The values by level of the colour axis, where all spokes were measured."""
    found = {
        colour: [results.summaries[spoke.measure].get(Place(panel, colour, sparsity)) for spoke in spokes]
        for colour in results.colours
    }
    return {c: [s for s in values if s is not None] for c, values in found.items() if None not in values}


def _complete(results: Results, spokes: Sequence[Spoke], panel: Panel) -> list[float | None]:
    return [s for s in results.sparsities or (None,) if _at(results, spokes, panel, s)]


def _chosen(results: Results, spokes: Sequence[Spoke], held: Sequence[Panel]) -> list[tuple[Panel, float | None]]:
    each = max(1, min(3, 4 // len(held)))
    chosen = [(panel, s) for panel in held for s in _middle(_complete(results, spokes, panel), each)]
    return chosen[:_MOST_RADARS]


def _middle(sparsities: Sequence[float | None], count: int) -> list[float | None]:
    return [sparsities[len(sparsities) // 2]] if count == 1 else spaced(sparsities, count)


def _radar(results: Results, spokes: Sequence[Spoke], panel: Panel, sparsity: float | None) -> Markup:
    values = _at(results, spokes, panel, sparsity)
    where = f"{percent(sparsity)} pruned" if sparsity is not None else ""
    title = ", ".join(part for part in (results.panel_title(panel), where) if part)
    said = f"{title}. " + "; ".join(
        f"{results.named(colour)}: "
        + ", ".join(f"{spoke.name} {number(spoke.value(s), '%')}" for spoke, s in zip(spokes, found, strict=True))
        for colour, found in values.items()
    )
    lines = [
        _line(results, spokes, Place(panel, colour, sparsity), found) for colour, found in values.items()
    ]  # drawn over each other: the shapes of the markers and the dashes tell them apart
    picture = plot(said, _WIDTH, _HEIGHT, _web(spokes), *lines)
    figure = tag("figure", {"class": "panel"}, *([tag("figcaption", None, title)] if title else []), picture)
    return tag("div", {"class": "radar"}, figure, _table(results, spokes, Place(panel, None, sparsity), title))


def _spot(k: int, count: int, share: float) -> tuple[float, float]:
    turn = 2 * pi * k / count - pi / 2
    return _WIDTH / 2 + _RADIUS * share * cos(turn), _HEIGHT / 2 + _RADIUS * share * sin(turn)


def _web(spokes: Sequence[Spoke]) -> Markup:
    """Rings at 25, 50, 75 and 100 %, and the spokes with their names."""
    count = len(spokes)
    rings = "".join(_ring([_spot(k, count, ring / 100) for k in range(count)]) for ring in _RINGS)
    rays = "".join(
        f"M{_WIDTH / 2:g} {_HEIGHT / 2:g}L{x:.1f} {y:.1f}" for x, y in (_spot(k, count, 1) for k in range(count))
    )
    names = [line for k, spoke in enumerate(spokes) for line in _name(spoke, k, count)]
    scale = [
        tag("text", {"class": "t ring", "x": _WIDTH / 2 + 4, "y": _HEIGHT / 2 - _RADIUS * ring / 100 + 12}, f"{ring} %")
        for ring in (50, 100)
    ]
    return tag(
        "g", {"class": "axis", "aria-hidden": "true"}, tag("path", {"class": "grid", "d": rings + rays}), *names, *scale
    )


def _name(spoke: Spoke, k: int, count: int) -> list[Markup]:
    """The spoke's name at its end, on lines of about 20 letters."""
    x, y = _spot(k, count, 1.1)
    side = x - _WIDTH / 2
    anchor = "middle" if abs(side) < 8 else "start" if side > 0 else "end"
    lines = _broken(spoke.name)
    top = (
        y - 14 * (len(lines) - 1) - 2
        if y < _HEIGHT / 2 - _RADIUS
        else y + 4
        if y < _HEIGHT / 2 + _RADIUS / 2
        else y + 10
    )
    return [
        tag("text", {"class": "t", "x": x, "y": top + 14 * n, "text-anchor": anchor}, line)
        for n, line in enumerate(lines)
    ]


def _broken(text: str, width: int = 16) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines if len(lines) <= 3 else [*lines[:2], lines[2] + " …"]


def _ring(spots: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in spots) + "Z"


def _line(results: Results, spokes: Sequence[Spoke], place: Place, found: Sequence[Summary]) -> Markup:
    tone, count = results.tones[results.colours.index(place.colour)], len(spokes)
    spots = [_spot(k, count, spoke.value(s) / 100) for k, (spoke, s) in enumerate(zip(spokes, found, strict=True))]
    name = results.named(place.colour)
    marks = [
        point(
            results.point(spoke.measure, place),
            f"{name}, {spoke.name}: {number(spoke.value(summary), '%')} %",
            tone,
            marker(tone, *spot),
        )
        for spoke, summary, spot in zip(spokes, found, spots, strict=True)
    ]
    dash = f"c{tone % 8} d{(tone // 8 or tone // 4) % 3}"
    return tag("g", {"class": dash}, tag("path", {"class": "curve thin", "d": _ring(spots)}), *marks)


def _table(results: Results, spokes: Sequence[Spoke], place: Place, title: str) -> Markup:
    """The numbers beside the radar, as drawn: errors as what is left of 100 %."""
    values = _at(results, spokes, place.panel, place.sparsity)
    head = [tag("th", {"scope": "col"}, results.named(colour)) for colour in values]

    def cell(spoke: Spoke, k: int, colour: Scalar) -> Markup:
        summary = values[colour][k]
        spread = f" ± {number(summary.std, '%')}" if summary.n > 1 else ""
        to = results.point(spoke.measure, Place(place.panel, colour, place.sparsity))
        text = f"{number(spoke.value(summary), '%')}{spread}"
        return tag("td", {"class": "right"}, tag("a", {"class": "cell", "href": f"#{to}"}, text) if to else text)

    body = [
        tag("tr", None, tag("th", {"scope": "row"}, spoke.name), *(cell(spoke, k, colour) for colour in values))
        for k, spoke in enumerate(spokes)
    ]
    table = tag(
        "table", {"class": "numbers beside"},
        tag("thead", None, tag("tr", None, tag("th", {"scope": "col"}, "%"), *head)), tag("tbody", None, *body),
    )  # fmt: skip
    return scrolled(f"{title}: the numbers", table)


def _caption(held: Sequence[Panel], radars: Sequence[tuple[Panel, float | None]], results: Results) -> str:
    text = (
        "Every spoke runs from 0 % at the centre to 100 % at the rim, and more is better on all: errors are shown as"
        " what they leave of 100 %. An AUROC of 50 % is chance. The area inside a line means nothing."
    )
    hidden = sum(len(results.sparsities or (None,)) for _ in held) - len(radars)
    return text + (" Other settings and sparsities are in the curves above." if hidden else "")
