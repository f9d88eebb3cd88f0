"""How far seeds lie apart: the standard deviation over seeds, for each measured value and level that is compared.

What: a bar as long as the mean over all places of the standard deviation over seeds there, and the place where seeds
  lie furthest apart. Places with one seed are left out.
When: a study has two seeds or more somewhere, and one asks which numbers hang on them.
Cost: nothing is measured.
Options: none.
Reference: Henderson et al., "Deep Reinforcement Learning that Matters", AAAI 2018, on seeds that are not reported.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import ClassVar, final

from tombola.report.about import About
from tombola.report.chart import plot
from tombola.report.curves import Measure, Results, read_results
from tombola.report.figures._base import Drawn, Figure, Table
from tombola.report.markup import Markup, join, tag
from tombola.report.numbers import in_unit, percent
from tombola.rows import Row

_WIDTH, _LINE = 420.0, 22.0


@dataclass(frozen=True)
class Spread:
    """How far the seeds of one level lie apart in one measure: on average, and where they do most."""

    measure: Measure
    level: str
    index: int
    mean: float
    most: float
    where: str


def spreads(results: Results) -> list[Spread]:
    """One for each measure and level that has two seeds somewhere."""
    found = []
    for measure in results.measures:
        for index, colour in enumerate(results.colours):
            at = {place: s for place, s in results.summaries[measure].items() if place.colour == colour and s.n > 1}
            if at:
                place, widest = max(at.items(), key=lambda pair: pair[1].std)
                where = "" if place.sparsity is None else percent(place.sparsity)
                mean = fmean(summary.std for summary in at.values())
                found.append(Spread(measure, results.named(colour), index, mean, widest.std, where))
    return found


@final
class SeedSpread(Figure):
    """A bar a measure and level."""

    ORDER: ClassVar[int] = 60

    def draw(self, rows: Sequence[Row], about: About) -> Drawn | None:
        found = spreads(read_results(rows, about.by))
        if not found:
            return None
        lines = [(in_unit(s.measure), s.level, f"{s.mean:.3g}", f"{s.most:.3g}", s.where) for s in found]
        table = Table(("measured", "level", "mean std over seeds", "largest", "at sparsity"), tuple(lines))
        caption = "Each bar: the standard deviation over seeds, the mean over all places. Bars of one measure compare."
        return Drawn("How far seeds lie apart", join(*_bars(found)), caption, table)


def _bars(found: Sequence[Spread]) -> list[Markup]:
    """A picture for each measure."""
    measures = dict.fromkeys(spread.measure for spread in found)
    return [_picture(measure, [spread for spread in found if spread.measure == measure]) for measure in measures]


def _picture(measure: Measure, found: Sequence[Spread]) -> Markup:
    largest = max(spread.mean for spread in found) or 1.0
    parts = [_bar(number, spread, largest) for number, spread in enumerate(found)]
    said = f"standard deviation over seeds of {in_unit(measure)}"
    title = tag("h3", None, in_unit(measure))
    return tag("div", {"class": "block"}, title, plot(said, _WIDTH, _LINE * len(found) + 4, *parts))


def _bar(number: int, spread: Spread, largest: float) -> Markup:
    y, length = _LINE * number + 14, 250 * spread.mean / largest
    line = tag("path", {"class": "curve", "d": f"M110 {y:g}h{length:.1f}"})
    name = tag("text", {"class": "t", "x": 104.0, "y": y + 4, "text-anchor": "end"}, spread.level[:16])
    value = tag("text", {"class": "t", "x": 116 + length, "y": y + 4}, f"{spread.mean:.3g}")
    return tag("g", {"class": f"c{spread.index % 8}"}, name, line, value)
