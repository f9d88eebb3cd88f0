"""What the study cost: stages and time by kind, and what sharing them between cells and keeping them saved.

What: for each kind of stage how many the cells would run by themselves, how many different ones there are, how many the
store had when the run began, and the time they took whenever they ran, with a bar for its share. Savings in time are
the mean time of a stage of the kind times how many were not run, so they are estimates. Energy where it is known.
When: the report is told of stages, of the time or of energy.
Cost: nothing.
Options: none.
Reference: none.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from tombola.report.about import About, Tally
from tombola.report.curves import read_results
from tombola.report.figures._base import Drawn, Figure
from tombola.report.markup import Markup, join, scrolled, tag
from tombola.report.numbers import duration, in_unit, mean_and_spread
from tombola.rows import Row

_ENERGY: Final = ("J", "kJ", "Wh", "kWh")


class Cost(Figure):
    """Stages, time, savings, energy."""

    ORDER: ClassVar[int] = 84

    def draw(self, rows: Sequence[Row], about: About) -> Drawn | None:
        told = [*_sentences(about), *_energy(rows, about)]
        if not about.stages and not told:
            return None
        table = [_table(about.stages)] if about.stages else []
        return Drawn("What it cost", join(*table, tag("ul", {"class": "told"}, *(tag("li", None, s) for s in told))))


def saved(stages: Mapping[str, Tally]) -> tuple[float, float]:
    """Seconds not spent: by running what several cells need once, and by what was in the store already."""
    sharing = sum(_each(tally) * max(0, (tally.alone or tally.count) - tally.count) for tally in stages.values())
    return sharing, sum(_each(tally) * tally.cached for tally in stages.values())


def _each(tally: Tally) -> float:
    return tally.seconds / tally.count if tally.count else 0.0


def _table(stages: Mapping[str, Tally]) -> Markup:
    alone = any(tally.alone is not None for tally in stages.values())
    names = ("stage", *(("cells alone",) if alone else ()), "different", "in the store", "time", "share of the time")
    total = sum(tally.seconds for tally in stages.values())
    head = tag(
        "tr", None, *(tag("th", {"scope": "col", "class": "left" if "share" in name else None}, name) for name in names)
    )
    body = [_line(name, tally, total, alone) for name, tally in stages.items()]
    table = tag("table", {"class": "plain stages"}, tag("thead", None, head), tag("tbody", None, *body))
    return scrolled("stages by kind", table)


def _line(name: str, tally: Tally, total: float, alone: bool) -> Markup:
    share = 100 * tally.seconds / total if total else 0.0
    bar = tag("span", {"class": "share", "style": f"width:{0.7 * share:.1f}%"})
    first = ["–" if tally.alone is None else f"{tally.alone:,}"] if alone else []
    cells = [*first, f"{tally.count:,}", f"{tally.cached:,}", duration(tally.seconds)]
    last = tag("td", {"class": "left"}, bar, f" {share:.0f} %")
    return tag("tr", None, tag("th", {"scope": "row"}, name), *(tag("td", None, text) for text in cells), last)


def _sentences(about: About) -> list[str]:
    stages = about.stages
    count, cached = (sum(getattr(tally, name) for tally in stages.values()) for name in ("count", "cached"))
    alone = sum(tally.alone or 0 for tally in stages.values())
    sharing, store = saved(stages)
    total = sum(tally.seconds for tally in stages.values())
    told = [f"{count:,} different stages took {duration(total)}, whenever they ran."] if stages else []
    if alone > count:
        cells = f"{about.cells:,} cells" if about.cells else "The cells"
        told.append(
            f"{cells} by themselves would run {alone:,} stages: sharing saves {alone - count:,} of them, about"
            f" {duration(sharing)}; without it everything would take {(total + sharing) / total if total else 1:.1f}"
            " times as long."
        )
    if cached:
        had = f"{cached:,} stage{'s' if cached != 1 else ''}"
        told.append(f"The store had {had} already, which saved about {duration(store)} of this run.")
    if about.seconds is not None:
        told.append(f"The last run took {duration(about.seconds)} from start to end.")
    return told


def _energy(rows: Sequence[Row], about: About) -> list[str]:
    """What the report was told of the whole run, and what rows tell of cells."""
    told = [f"Energy of the run: {about.energy_kwh:.3g} kWh."] if about.energy_kwh is not None else []
    results = read_results(rows, about.by) if any(row.unit in _ENERGY for row in rows) else None
    for measure, cells in results.summaries.items() if results else ():
        if measure.unit in _ENERGY:
            values = sorted(cells.values(), key=lambda summary: summary.mean)
            low, high = (mean_and_spread(values[k], measure.unit) for k in (0, -1))
            told.append(
                f"{in_unit(measure)}: {low}" + (f" to {high} over {len(values)} cells." if len(values) > 1 else ".")
            )
    return told
