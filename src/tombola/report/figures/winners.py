"""Which prior wins where, by how much, and whether the seeds agree.

What: for each panel, measured value and sparsity, the best level of the colour axis against the next: the mean
lead over the seeds both have, with its 95 % interval, which allows for seeds and for the test split's size. It wins
where its lead over every other leaves 0 out; it is a "match" where the interval is within half a point; "undecided"
otherwise, and wherever fewer than three seeds are shared.
When: the study compares at least two priors (or whatever axis takes their place).
Cost: nothing is measured.
Options: none.
Reference: `tombola.verdicts.paired`; pairing by seed removes what the levels share (data order, split).
"""

from collections.abc import Sequence
from typing import ClassVar

from tombola.report.about import About
from tombola.report.axes import level
from tombola.report.curves import Measure, Panel, Place, Results, read_results
from tombola.report.duels import Duel, duels
from tombola.report.figures._base import Drawn, Figure, Table
from tombola.report.headline import where
from tombola.report.markup import Markup, join, scrolled, tag
from tombola.report.numbers import difference_unit, in_points, percent, signed
from tombola.report.points import link
from tombola.rows import Row
from tombola.verdicts.paired import MARGIN
from tombola.verdicts.runs import FEWEST_SEEDS

_MOST_ROWS = 3000
_MANY = 60


class Winners(Figure):
    """A row a setting, a column a sparsity, the winner and its lead in each cell."""

    ORDER: ClassVar[int] = 20

    def draw(self, rows: Sequence[Row], about: About) -> Drawn | None:
        results = read_results(rows, about.by)
        found = duels(results)
        if not found:
            return None
        return Drawn(
            f"Which {results.axes.noun} wins where", _tables(results, found), _caption(found), _table(found, results)
        )


def _tables(results: Results, found: Sequence[Duel]) -> Markup:
    """One table; with several settings one for each measure, those after the first folded where they are long."""
    if len({duel.panel for duel in found}) == 1:
        return _matrix(results, found, measured=True)
    measures = tuple(dict.fromkeys(duel.measure for duel in found))
    parts: list[Markup] = []
    for k, measure in enumerate(measures):
        duels_of = [duel for duel in found if duel.measure == measure]
        name = in_points(measure)
        table = _matrix(results, duels_of, measured=False)
        if k and len(found) > _MANY:
            parts.append(tag("details", {"class": "block"}, tag("summary", None, name), table))
        else:
            parts.append(tag("div", {"class": "block"}, tag("h3", None, name), table))
    return join(*parts)


def _matrix(results: Results, found: Sequence[Duel], *, measured: bool) -> Markup:
    columns = tuple(dict.fromkeys(duel.sparsity for duel in sorted(found, key=lambda duel: duel.sparsity or 0.0)))
    by_place = {(duel.panel, duel.measure, duel.sparsity): duel for duel in found}
    settings = dict.fromkeys((duel.panel, duel.measure) for duel in found)
    head = [tag("th", {"scope": "col", "role": "columnheader"}, percent(s) if s is not None else "") for s in columns]
    corner = tag("th", {"scope": "col", "role": "columnheader"}, "sparsity" if results.axes.sparsity else "setting")
    body = [
        _setting(results, panel, measure, [by_place.get((panel, measure, s)) for s in columns], measured)
        for panel, measure in settings
    ]
    return scrolled(
        "winners by setting and sparsity",
        tag(
            "table",
            {"class": "winners", "role": "table", "style": f"--n:{len(columns)}"},
            tag("thead", {"role": "rowgroup"}, tag("tr", {"role": "row"}, corner, *head)),
            tag("tbody", {"role": "rowgroup"}, *body),
        ),
    )


def _setting(results: Results, panel: Panel, measure: Measure, row: Sequence[Duel | None], measured: bool) -> Markup:
    title = results.panel_title(panel)
    name = [tag("span", None, in_points(measure))] if measured else []
    head = tag("th", {"scope": "row", "role": "rowheader"}, *([tag("b", None, title)] if title else []), *name)
    return tag("tr", {"role": "row"}, head, *(_cell(results, duel) for duel in row))


def _cell(results: Results, duel: Duel | None) -> Markup:
    if duel is None:
        return tag("td", {"role": "cell", "class": "none"}, "–")
    tone = results.tones[results.colours.index(duel.leader)] % 8
    lead = [tag("span", None, _signed(duel, duel.difference))]
    if span := duel.verdict.interval:
        lead.append(tag("span", None, f"({_signed(duel, span.low)} to {_signed(duel, span.high)})"))
    sides = [results.point(duel.measure, Place(duel.panel, name, duel.sparsity)) for name in (duel.leader, duel.other)]
    at = None if duel.sparsity is None else percent(duel.sparsity)
    to = {"class": "cell", "href": f"#{sides[0]}", "data-points": link(*sides)}
    if duel.decided:
        said = tag("a", to, tag("b", None, level(duel.leader)), join(*lead))
        return tag("td", {"role": "cell", "class": f"win c{tone}", "data-at": at}, said)
    who = tag("i", None, level(duel.leader)) if duel.difference else Markup("")
    said = tag("a", to, tag("b", None, duel.outcome), who, join(*lead))
    return tag("td", {"role": "cell", "class": "even", "data-at": at}, said)


def _signed(duel: Duel, value: float) -> str:
    return signed(value, duel.measure.unit, like=duel.difference or None)


def _caption(found: Sequence[Duel]) -> str:
    better = sorted({duel.measure.label for duel in found if duel.measure.better == "lower"})
    text = (
        "Each cell: the winner, its mean lead over the next on shared seeds, and the lead's 95 % interval, which allows"
        " for other seeds and, for accuracies, another test split of this size. The interval of a winner's lead over"
        f" every other leaves 0 out. Match: the interval is within {MARGIN:g} points. Undecided: neither, or fewer than"
        f" {FEWEST_SEEDS} shared seeds."
    )
    return text + (f" Lower is better for {', '.join(better)}; a lead is always positive." if better else "")


def _table(found: Sequence[Duel], results: Results) -> Table:
    rows = [
        (
            where(results, duel.panel, duel.measure),
            percent(duel.sparsity),
            duel.outcome,
            level(duel.leader),
            level(duel.other),
            _signed(duel, duel.difference),
            *(("–", "–") if span is None else (_signed(duel, span.low), _signed(duel, span.high))),
            difference_unit(duel.measure.unit),
            str(duel.seeds),
            duel.verdict.why if span is None else span.method,
        )
        for duel in found[:_MOST_ROWS]
        for span in [duel.verdict.interval]
    ]
    header = ("setting", "sparsity", "verdict", "ahead", "behind", "lead", "low", "high", "unit", "shared seeds", "how")
    return Table(header, tuple(rows))
