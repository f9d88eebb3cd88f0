"""The table and the picture of `benchmarks/native.py`, from the rows it measured.

python benchmarks/native_report.py [FOLDER]            again from FOLDER/native.json (default: results)
"""

import json
import sys
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from tombola.benching.machine import processor

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Plot

Row: TypeAlias = Mapping[str, Any]
SETTING: Final = ("net", "threads", "batch")
ORDER: Final = ("resnet18", "resnet50", "mobilenet_v2", "vgg16_bn")
LINES: Final = {
    ("stripe:4", "uniform"): ("#0072b2", "-", "o"),
    ("stripe:4", "global"): ("#0072b2", (0, (4, 2)), "s"),
    ("element", "uniform"): ("#d55e00", "-", "o"),
    ("element", "global"): ("#d55e00", (0, (4, 2)), "s"),
}
ACROSS: Final = 4
_INK, _QUIET, _LINE = "#1b1f24", "#5a6370", "#dfe3e8"


def write_report(rows: Sequence[Row], folder: Path) -> None:
    """Put rows in the place of those of the same net, threads and batch, and draw table and picture anew."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "native.json"
    new = {_setting(row) for row in rows}
    before = json.loads(file.read_text("utf-8"))["rows"] if file.exists() else []
    every = sorted([*(row for row in before if _setting(row) not in new), *rows], key=_place)
    lines = ",\n  ".join(json.dumps(row) for row in every)
    file.write_text(f'{{"machine": {json.dumps(processor())}, "rows": [\n  {lines}\n]}}\n', encoding="utf-8")
    report(folder)


def report(folder: Path) -> None:
    """``native.md`` and ``native.png`` from ``native.json``."""
    found = json.loads((folder / "native.json").read_text("utf-8"))
    (folder / "native.md").write_text(table(found["rows"], found["machine"]), encoding="utf-8")
    draw(found["rows"], folder / "native.png")


def table(rows: Sequence[Row], machine: str) -> str:
    """A Markdown table for each net, threads and batch."""
    how = (
        f"Made by `python benchmarks/native.py --pin --out results`, whose docstring says how; {machine}. `x dense` is"
        " to the median of the fastest dense engine in the same run, `processor` the same of the processor's time (one"
        " thread only); `operations` is which part of the net's multiply-adds is left; `busy`: too few runs that no"
        " other process interrupted; `cut`: these random weights, ranked globally, lost a whole layer: the net answers"
        ' every image alike, and its speed says nothing. What bounds each: docs, "What bounds a ticket in C".\n'
    )
    parts = ["# Tickets in generated C against the best dense engine\n", how, "![Times as fast](native.png)\n"]
    for (net, threads, batch), some in groupby(rows, _setting):
        parts.append(f"## {net}, {threads} thread{'s' if threads > 1 else ''}, batch {batch}\n")
        parts.append("| engine | pattern | budget | sparsity | operations | median | x dense | processor | files |")
        parts.append("|---|---|---|---|---|---|---|---|---|")
        parts += [_line(row) for row in some]
        parts.append("")
    return "\n".join(parts)


def draw(rows: Sequence[Row], out: Path) -> None:
    """A panel for each net and setting: times as fast as the best dense engine, over sparsity."""
    from matplotlib.figure import Figure as Canvas
    from matplotlib.lines import Line2D

    panels = [(setting, list(some)) for setting, some in groupby(rows, _setting)]
    across = min(len(panels), ACROSS)
    down = -(-len(panels) // across)
    canvas = Canvas(figsize=(1.0 + 2.7 * across, 1.0 + 2.5 * down), layout="constrained", facecolor="white")
    plots = canvas.subplots(down, across, squeeze=False).flatten()
    for ((net, threads, batch), some), plot in zip(panels, plots, strict=False):
        _draw(plot, some)
        plot.set_title(f"{net}, {threads} thread{'s' * (threads > 1)}, batch {batch}", fontsize=9, color=_QUIET)
    for plot in plots[len(panels) :]:
        plot.remove()
    for plot in plots[: len(panels) : across]:
        plot.set_ylabel("times as fast", fontsize=9, color=_QUIET)
    handles = [
        Line2D([], [], color=colour, ls=style, marker=marker, ms=5, label=f"{pattern}, {budget}")
        for (pattern, budget), (colour, style, marker) in LINES.items()
    ]
    handles.append(Line2D([], [], color=_QUIET, ls="", marker="D", ms=5, label="dense net in C"))
    handles.append(Line2D([], [], color=_INK, lw=1, label="best dense engine"))
    canvas.legend(handles=handles, loc="outside upper left", ncols=min(6, 2 * across), frameon=False, fontsize=9)
    canvas.savefig(out, dpi=150)


def _draw(plot: "Plot", rows: Sequence[Row]) -> None:
    plot.axhline(1, color=_INK, lw=1)
    for (pattern, budget), (colour, style, marker) in LINES.items():
        points = [
            (row["sparsity"], ratio)
            for row in rows
            if (row["pattern"], row["budget"]) == (pattern, budget) and (ratio := _ratio(row))
        ]
        if points:
            plot.plot(*zip(*points, strict=True), color=colour, ls=style, marker=marker, ms=5, lw=1.6)
    for row in rows:
        if row["engine"] == "native" and not row["pattern"] and (ratio := _ratio(row)):
            plot.plot([0.75], [ratio], color=_QUIET, marker="D", ms=5)
    plot.set_xticks([0.75, 0.8, 0.9, 0.95], ["0 %", "80 %", "90 %", "95 %"])
    plot.set_xlim(0.735, 0.965)
    plot.set_ylim(bottom=0)
    plot.tick_params(colors=_QUIET, labelsize=8, length=3)
    plot.grid(axis="y", color=_LINE, lw=0.8)
    plot.set_axisbelow(True)
    for side in ("top", "right", "left"):
        plot.spines[side].set_visible(False)
    plot.spines["bottom"].set_color(_QUIET)


def _ratio(row: Row) -> float | None:
    """By the clock where the machine was quiet enough, else by the processor's time."""
    found: float | None = row["ratio"] or row["processor_ratio"]
    return found


def _line(row: Row) -> str:
    sparsity = f"{row['sparsity']:.0%}" if row["pattern"] else "dense"
    cells = (
        row["engine"],
        row["pattern"],
        row["budget"],
        sparsity,
        f"{row['operations']:.1%}",
        f"{row['p50_ms']:.2f} ms" if row["p50_ms"] else "busy",
        "cut" if row.get("alike") else f"{row['ratio']:.2f}" if row["ratio"] else "",
        f"{row['processor_ratio']:.2f}" if row["processor_ratio"] else "",
        f"{row['bytes'] / 1e6:.1f} MB",
    )
    return f"| {' | '.join(cells)} |"


def _setting(row: Row) -> tuple[str, int, int]:
    return row["net"], row["threads"], row["batch"]


def _place(row: Row) -> tuple[int, str, int, int]:
    """Nets in the order of the issue; rows of one setting stay as they are."""
    net = row["net"]
    return (ORDER.index(net) if net in ORDER else len(ORDER), net, row["threads"], row["batch"])


if __name__ == "__main__":
    report(Path(sys.argv[1] if len(sys.argv) > 1 else "results"))
