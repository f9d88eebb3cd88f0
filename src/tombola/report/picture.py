"""The sparsity curves as a file, for a README or a paper: ``python -m tombola.report.picture rows.jsonl out.pdf``."""

import sys
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

from tombola.colours import INK, LINE, MARKERS, QUIET, TONES
from tombola.disks import written
from tombola.errors import RequestError
from tombola.report.curves import Results, read_results
from tombola.report.lines import Frame, Look, Series, frame_of, series_of
from tombola.report.numbers import in_unit, percent
from tombola.rows import Row, read_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Plot

_SUFFIXES = (".png", ".svg", ".pdf")
_MOST_PANELS = 24
_READING = "lines: means over seeds; bands: one standard deviation; dotted: the dense network"
_LETTERS = 34  # as many as go along a panel's side


def write_picture(
    rows: Sequence[Row], out: Path, *, by: str = "", made: str = "", width: float = 9.0, dpi: int = 160
) -> Path:
    """Draw a row of panels for each measured value, a column for each transfer, and return ``out``.

    With one transfer alone the measured values stand two side by side. What lines are stands small below them, and
    behind it ``made``, how the rows came about.
    """
    if out.suffix.lower() not in _SUFFIXES:
        raise RequestError(f"{out}: a picture's name ends in one of {', '.join(_SUFFIXES)}")
    results = read_results(rows, by)
    if not results.sparsities:
        raise RequestError("these rows have no sparsity axis, so there are no curves to draw; use the HTML report")
    if len(results.panels) * len(results.measures) > _MOST_PANELS:
        raise RequestError(
            f"more than {_MOST_PANELS} panels do not fit a picture; pass fewer rows, or use the HTML report"
        )
    from matplotlib.figure import Figure as Canvas

    across = len(results.panels) if len(results.panels) > 1 else min(2, len(results.measures))
    look = _look(results)
    drawn = [(measure, panel) for measure in results.measures for panel in results.panels]
    down = -(-len(drawn) // across)
    wide = width if across > 1 else width / 1.8
    canvas = Canvas(figsize=(wide, 2.7 * down + 0.4), layout="constrained", facecolor="white")
    plots = canvas.subplots(down, across, squeeze=False, sharey="row" if len(results.panels) > 1 else "none")
    for plot, (measure, panel) in zip(plots.flat, drawn, strict=False):
        if (frame := frame_of(results, look, measure, results.panels)) is not None:
            _draw(plot, series_of(results, look, measure, panel), frame)
            _dress(plot, frame, results.panel_title(panel))
        if panel == results.panels[0]:
            plot.set_ylabel(fill(in_unit(measure), _LETTERS), color=INK)
    for plot in plots.flat[len(drawn) :]:
        plot.set_axis_off()
    if len(results.colours) > 1:
        handles, labels = plots[0][0].get_legend_handles_labels()
        canvas.legend(handles, labels, loc="outside upper left", ncols=_columns(labels, wide), frameon=False)
    canvas.supxlabel("; ".join(filter(None, (_READING, made))), x=0.01, ha="left", fontsize=7, color=QUIET)
    out.parent.mkdir(parents=True, exist_ok=True)
    with written(out) as beside:
        metadata = {"Description": made} if made and out.suffix == ".png" else None
        canvas.savefig(beside, dpi=dpi, metadata=metadata)
    return out


def _look(results: Results) -> Look:
    one = len(results.sparsities) == 1
    title = f"at {percent(results.sparsities[0])} sparsity" if one else "of the weights pruned"
    return Look(tuple(results.sparsities), percent, title)


def _columns(labels: Sequence[str], width: float) -> int:
    """How many labels fit side by side, at some twelve letters an inch and seven for the line before each."""
    return max(1, min(6, int(12 * width / (max(map(len, labels)) + 7))))


def _draw(plot: "Plot", series: Sequence[Series], frame: Frame) -> None:
    for line in series:
        x, summaries = [place for place, _ in line.points], [summary for _, summary in line.points]
        mean, std = [summary.mean for summary in summaries], [summary.std for summary in summaries]
        low, high = [m - s for m, s in zip(mean, std, strict=True)], [m + s for m, s in zip(mean, std, strict=True)]
        tone, marker = TONES[line.tone % len(TONES)], MARKERS[line.tone % len(MARKERS)]
        plot.plot(x, mean, color=tone, marker=marker, markersize=5, markeredgecolor="white", lw=1.8, label=line.name)
        plot.fill_between(x, low, high, color=tone, alpha=0.15, linewidth=0)
        if not frame.lines:
            plot.errorbar(x, mean, yerr=std, color=tone, capsize=4, lw=1.4)
        elif line.dense is not None:
            plot.axhline(line.dense, color=tone, lw=0.8, ls=(0, (2, 4)))


def _dress(plot: "Plot", frame: Frame, title: str) -> None:
    """Quiet axes: a grid across, no box, sparsities as they were asked for."""
    plot.set_title(title, fontsize=10, color=QUIET, loc="left")
    plot.set_xticks([place for place, _ in frame.xs], [label for _, label in frame.xs])
    plot.set_xlabel(frame.x_title, fontsize=9, color=QUIET)
    plot.set_ylim(frame.low, frame.high)
    plot.tick_params(colors=QUIET, labelsize=9, length=3)
    plot.grid(axis="y", color=LINE, lw=0.8)
    plot.set_axisbelow(True)
    for side in ("top", "right", "left"):
        plot.spines[side].set_visible(False)
    plot.spines["bottom"].set_color(QUIET)


def main(arguments: Sequence[str]) -> int:
    """Read rows, write the picture, print where it is."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python -m tombola.report.picture ROWS.jsonl OUT.png\n")
        return 2
    out = write_picture(read_rows(Path(arguments[0])), Path(arguments[1]))
    sys.stdout.write(f"{out}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
