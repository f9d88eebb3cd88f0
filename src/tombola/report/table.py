"""The results as a table for the terminal: a row a sparsity, a column a prior and a transfer, the winner marked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tombola.report.axes import last_part, level
from tombola.report.curves import Measure, Panel, Place, Results, read_results
from tombola.report.duels import duels
from tombola.report.numbers import in_unit, mean_and_spread, percent
from tombola.rows import Row, Scalar
from tombola.verdicts.runs import FEWEST_SEEDS

_MOST_COLUMNS = 8
_MARK = "*"


@dataclass(frozen=True)
class Grid:
    """One measure's table, with the header in two lines: the panel over the level of the colour axis."""

    title: str
    corner: str
    header: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


def text_table(rows: Sequence[Row]) -> str:
    """The tables as plain text, ready to print; mean ± standard deviation over seeds."""
    results = read_results(rows)
    grids = [_as_text(grid) for grid in grids_of(results)]
    return "\n\n".join([*grids, *_legend(results)]) if grids else "no results yet"


def grids_of(results: Results) -> list[Grid]:
    """The tables of every measure, wide studies cut into several with whole panels in each."""
    return [_grid(results, measure, panels) for measure in results.measures for panels in _chunks(results, measure)]


def _chunks(results: Results, measure: Measure) -> Iterator[dict[Panel, str]]:
    step = max(1, _MOST_COLUMNS // max(1, len(results.colours)))
    panels = list(results.panels_of(measure).items())
    for start in range(0, len(panels), step):
        yield dict(panels[start : start + step])


def _grid(results: Results, measure: Measure, panels: Mapping[Panel, str]) -> Grid:
    winners = {(d.panel, d.sparsity): d.leader for d in duels(results) if d.measure == measure and d.decided}

    def cell(panel: Panel, colour: Scalar, sparsity: float | None) -> str:
        summary = results.summaries[measure].get(Place(panel, colour, sparsity))
        if summary is None:
            return "–  "
        wins = (panel, sparsity) in winners and winners[panel, sparsity] == colour
        return f"{mean_and_spread(summary, measure.unit)} {_MARK if wins else ' '}"

    columns = [(panel, colour) for panel in panels for colour in results.colours]
    return Grid(
        title=in_unit(measure),
        corner=last_part(results.axes.sparsity or ""),
        header=tuple((panels[panel], _named(results, colour)) for panel, colour in columns),
        rows=tuple(
            (percent(s) if s is not None else "", tuple(cell(p, c, s) for p, c in columns))
            for s in results.sparsities or (None,)
        ),
    )


def _named(results: Results, colour: Scalar) -> str:
    return level(colour) if results.axes.colour else "mean"


def _as_text(grid: Grid) -> str:
    """Columns as wide as their widest cell; a panel's name is written over the first of its columns only."""
    tops = [top for top, _ in grid.header]
    shown = [top if index == 0 or tops[index - 1] != top else "" for index, top in enumerate(tops)]
    lines = [
        [grid.corner, *(f"{bottom}  " for _, bottom in grid.header)],
        *([name, *cells] for name, cells in grid.rows),
    ]
    if any(shown):
        lines.insert(0, ["", *(f"{top}  " for top in shown)])
    widths = [max(len(line[index]) for line in lines) for index in range(len(lines[0]))]
    written = [
        "  ".join(part.rjust(width) for part, width in zip(line, widths, strict=True)).rstrip() for line in lines
    ]
    rule = "-" * max(map(len, written))
    head = len(lines) - len(grid.rows)
    return "\n".join([grid.title, *written[:head], rule, *written[head:]])


def _legend(results: Results) -> list[str]:
    if not results.summaries:
        return []
    counts = sorted({summary.n for cells in results.summaries.values() for summary in cells.values()})
    seeds = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    spread = "mean ± standard deviation over" if counts[-1] > 1 else "from"
    lines = [f"{spread} {seeds} seed{'s' if counts != [1] else ''}"]
    if any(duel.decided for duel in duels(results)):
        rule = "the 95 % interval of its lead over every other leaves 0 out, seeds and test samples allowed for"
        lines.append(f"{_MARK} wins: {rule} ({FEWEST_SEEDS} shared seeds or more)")
    return ["\n".join(lines)]
