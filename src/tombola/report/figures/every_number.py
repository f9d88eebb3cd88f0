"""Every number of the page with the rows it was made of: where each point of a plot and each cell of a table leads.

What: a line for each mean: its cell, the seeds, their values, how many samples stand behind each, the keys of the
stages that measured them, and what they were measured with. The page's script shows a line in a window of its own, with
the command that makes it; without the script a point leads to the line itself.
When: anything was measured.
Cost: nothing is measured; about 400 bytes a line.
Options: none.
Reference: none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from tombola.report.about import About
from tombola.report.axes import level, without_seed
from tombola.report.curves import KERNELS, LAYER, Results, read_results
from tombola.report.figures._base import Drawn, Figure
from tombola.report.layers import Layers, read_layers
from tombola.report.markup import Markup, join, scrolled, tag
from tombola.report.numbers import in_unit, mean_and_spread
from tombola.report.points import base_command, setting
from tombola.rows import Row

MOST = 4000
_KEY = 16  # letters of a key, which tell two stages of one study apart
_HEADER = ("measured", "cell", "mean", "seeds", "values", "samples", "keys", "with")


class EveryNumber(Figure):
    """The rows behind the page, one line for each mean."""

    ORDER: ClassVar[int] = 80

    def draw(self, rows: Sequence[Row], about: About) -> Drawn | None:
        numbers = [*_numbers(read_results(rows, about.by)), *_of_layers(read_layers(rows, about.by))]
        if not numbers:
            return None
        lines = [_line(number) for number in numbers[:MOST]]
        caption = _caption(len(numbers), about)
        return Drawn("Every number and its rows", join(_folded(lines), tag("p", {"class": "caption"}, caption)))


@dataclass(frozen=True)
class Number:
    """One mean: its name in the page, what it is, what it comes to, its rows."""

    point: str
    measured: str
    mean: str
    rows: Sequence[Row]


def _numbers(results: Results) -> Iterator[Number]:
    """What is drawn comes before what is only in tables."""
    drawn = results.measures
    for measure in [*drawn, *(measure for measure in results.behind if measure not in drawn)]:
        for place, rows in results.behind[measure].items():
            mean = mean_and_spread(results.summaries[measure][place], measure.unit)
            yield Number(results.point(measure, place), in_unit(measure), mean, rows)


def _of_layers(layers: Layers) -> Iterator[Number]:
    for (part, colour, name), rows in layers.behind.items():
        unit = f" ({part.unit})" if part.unit else ""
        mean = mean_and_spread(layers.parts[part][colour][name], part.unit)
        yield Number(layers.ids[part, colour, name], f"{part.metric.replace('_', ' ')} of {name}{unit}", mean, rows)


def _line(number: Number) -> Markup:
    rows = number.rows
    cell = [tag("code", None, setting(axis, value)) for axis, value in without_seed(rows[0]).items()]
    told = (
        number.measured,
        Markup(" ".join(cell)),
        number.mean,
        " ".join(str(row.seed) for row in rows),
        " ".join(f"{row.value:.6g}" for row in rows),
        " ".join(str(row.samples) for row in rows),
        " ".join(row.key[:_KEY] or "–" for row in rows),
        _budget(rows),
    )
    return tag("tr", {"id": number.point}, *(tag("td", None, text) for text in told))


def _budget(rows: Sequence[Row]) -> str:
    """The details on which the rows agree; what differs between seeds was found, not asked for."""
    first = rows[0].detail
    names = [n for n in first if n not in (LAYER, KERNELS) and all(row.detail.get(n) == first[n] for row in rows)]
    return ", ".join(f"{name} {level(first[name])}" for name in sorted(names))


def _folded(lines: Sequence[Markup]) -> Markup:
    head = tag("tr", None, *(tag("th", {"scope": "col"}, name) for name in _HEADER))
    table = tag("table", {"class": "numbers rows"}, tag("thead", None, head), tag("tbody", None, *lines))
    region = scrolled("every number and its rows", table)
    count = f"{len(lines)} number{'s' if len(lines) != 1 else ''}"
    return tag("details", None, tag("summary", None, f"The rows ({count})"), region)


def _caption(count: int, about: About) -> str:
    command = base_command(about.commands)
    text = (
        "Choose a point of a plot or a cell of a table to see its line here by itself, with its command. The command is"
        f" “{command}” and, for each setting of the cell, “--set SETTING”. Keys are shortened; rows.jsonl"
        " has every row in full."
    )
    return text + (f" {count - MOST} further numbers are in rows.jsonl only." if count > MOST else "")
