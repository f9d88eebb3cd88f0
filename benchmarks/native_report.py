"""The table and the picture of `benchmarks/native.py`, from the rows it measured, and the block in docs.

python benchmarks/native_report.py [FOLDER]            again from FOLDER/native.json (default: results)
"""

import json
import sys
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, it finds those beside it

from results.marked import filled

from tombola.benching.machine import processor
from tombola.colours import BLOCK, ELEMENT, INK, INT8, LINE, QUIET, STRIPE

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Plot

Row: TypeAlias = Mapping[str, Any]
SETTING: Final = ("net", "threads", "batch")
TIMES: Final = {"int8": ("x_int8", "processor_x_int8"), "float32": ("x_float32", "processor_x_float32")}
"""What a row calls its ratio to the best dense engine of each arithmetic, by the clock and by the processor's time."""
HERE: Final = Path(__file__).parent.parent
PAGES: Final = ("docs/explanation/sparse-c.md",)
FIRST: Final = "resnet18", 1, 1
"""The setting that the pages show."""
ORDER: Final = ("resnet18", "resnet50", "mobilenet_v2", "efficientnet_b0", "mobilenet_v3_large", "vgg16_bn")
LINES: Final = {
    ("stripe:4", "uniform"): (STRIPE, "-", "o"),
    ("stripe:4", "global"): (STRIPE, (0, (4, 2)), "s"),
    ("block:1x4", "uniform"): (BLOCK, "-", "^"),
    ("block:1x4", "global"): (BLOCK, (0, (4, 2)), "v"),
    ("block:4x4", "uniform"): (BLOCK, (0, (1, 1)), "D"),
    ("block:4x4", "global"): (BLOCK, (0, (1, 3)), "d"),
    ("block:16x4", "uniform"): (BLOCK, (0, (5, 1)), "P"),
    ("block:16x4", "global"): (BLOCK, (0, (5, 3)), "X"),
    ("element", "uniform"): (ELEMENT, "-", "o"),
    ("element", "global"): (ELEMENT, (0, (4, 2)), "s"),
}
ACROSS: Final = 4


def write_report(rows: Sequence[Row], folder: Path) -> None:
    """Put rows in the place of those of the same net, threads and batch; drop another processor's; draw all anew."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "native.json"
    new, machine = {_setting(row) for row in rows}, processor()
    before = json.loads(file.read_text("utf-8"))["rows"] if file.exists() else []
    left = [row for row in before if row.get("machine") == machine and _setting(row) not in new]
    lines = ",\n  ".join(json.dumps(row) for row in sorted([*left, *rows], key=_place))
    file.write_text(f'{{"machine": {json.dumps(machine)}, "rows": [\n  {lines}\n]}}\n', encoding="utf-8")
    report(folder)


def report(folder: Path) -> None:
    """``native.md`` and ``native.png`` from ``native.json``, and the pages' blocks where it is the project's own."""
    found = json.loads((folder / "native.json").read_text("utf-8"))
    (folder / "native.md").write_text(table(found["rows"], found["machine"], _asked(folder)), encoding="utf-8")
    draw(found["rows"], folder / "native.png")
    if folder.resolve() == HERE / "results":
        draw(found["rows"], HERE / "docs" / "pictures" / "native.png")
        for page in PAGES:
            text = (HERE / page).read_text("utf-8")
            (HERE / page).write_text(filled(text, "native", summary(found["rows"], found["machine"])), encoding="utf-8")


def _asked(folder: Path) -> str:
    """The folder as the command names it from the project's root."""
    there = folder.resolve()
    return there.relative_to(HERE).as_posix() if there.is_relative_to(HERE) else there.name


def table(rows: Sequence[Row], machine: str, out: str = "results") -> str:
    """A Markdown table for each net, threads and batch."""
    how = (
        f"Made by `python benchmarks/native.py --pin --out {out}`, whose docstring says how; {machine}. `x int8` and"
        " `x float32` are to the median of the fastest dense engine of that arithmetic in the same run, `processor` the"
        " same of the processor's time, to float32 (one thread only); `operations` is which part of the net's"
        " multiply-adds is left; `busy`: too few runs that no other process interrupted; `cut`: these random weights,"
        " ranked globally, lost a whole layer: the net answers every image alike, and its speed says nothing. int8 is"
        " calibrated on random pixels: the weights are random too, so nothing here is of accuracy, which dense int8"
        ' hardly loses and pruning does. What bounds each: docs, "What bounds a ticket in C".\n'
    )
    parts = ["# Tickets in generated C against the best dense engines\n", how, "![Times as fast](native.png)\n"]
    for (net, threads, batch), some in groupby(rows, _setting):
        parts.append(f"## {net}, {threads} thread{'s' if threads > 1 else ''}, batch {batch}\n")
        parts += [_HEAD, "|---" * _HEAD.count(" | ") + "|---|", *(_line(row) for row in some), ""]
    return "\n".join(parts)


_HEAD: Final = (
    "| engine | in | pattern | budget | sparsity | operations | median | x int8 | x float32 | processor | files |"
)


def summary(rows: Sequence[Row], machine: str) -> str:
    """What a user could have instead, first, and stripes and single weights of a ResNet-18, in a small table."""
    chosen = [row for row in rows if _setting(row) == FIRST and row["budget"] in ("", "uniform")]
    shown = [row for row in chosen if row["engine"].partition(":")[0] != "torch"]
    lines = [
        f"| {_what(row)} | {_milliseconds(row)} | {_x(row, 'int8')} | {_x(row, 'float32')} | {_megabytes(row)} |"
        for row in shown
    ]
    clock = "" if all(row["p50_ms"] for row in shown) else ", busy with other work: times are the processor's"
    return "\n".join(
        [
            f"{machine}{clock}; {beaten(chosen)}",
            "",
            "| ResNet-18 at 224x224, one thread, batch 1 | median | x int8 | x float32 | files |",
            "|---|---|---|---|---|",
            *lines,
        ]
    )


def beaten(rows: Sequence[Row]) -> str:
    """From which sparsity on stripes are faster than the best dense int8 engine."""
    stripes = {row["sparsity"]: ratio(row, "int8") for row in rows if row["pattern"] == "stripe:4"}
    known = {share: times for share, times in stripes.items() if times is not None}
    if not known:
        return "no dense int8 engine ran beside it."
    faster = [share for share in sorted(known) if known[share] > 1]
    if not faster:
        return "dense int8, which needs no pruning, is faster than any stripes here."
    if len(faster) == len(known):
        return f"stripes are faster than dense int8 from {min(faster):.0%} on."
    return f"dense int8, which needs no pruning, is faster than stripes below {min(faster):.0%}."


def _what(row: Row) -> str:
    if row["pattern"]:
        how = "in C" if row["arithmetic"] == "float32" else f"in C, {row['arithmetic']}"
        return f"`{row['pattern']}`, {row['sparsity']:.0%}, {how}"
    name = row["engine"].partition(":")[0]
    return f"{NAMES.get(name, name)}, dense {row['arithmetic']}"


NAMES: Final = {"openvino": "OpenVINO", "onnxruntime": "ONNX Runtime", "native": "generated C"}


def draw(rows: Sequence[Row], out: Path) -> None:
    """A panel for each net and setting: times as fast as the best dense float32 engine, over sparsity; int8 a line."""
    from matplotlib.figure import Figure as Canvas
    from matplotlib.lines import Line2D

    panels = [(setting, list(some)) for setting, some in groupby(rows, _setting)]
    across = min(len(panels), ACROSS)
    down = -(-len(panels) // across)
    canvas = Canvas(figsize=(max(7.0, 1.0 + 2.7 * across), 1.3 + 2.5 * down), layout="constrained", facecolor="white")
    plots = canvas.subplots(down, across, squeeze=False).flatten()
    for ((net, threads, batch), some), plot in zip(panels, plots, strict=False):
        _draw(plot, some)
        plot.set_title(f"{net}, {threads} thread{'s' * (threads > 1)}, batch {batch}", fontsize=9, color=QUIET)
    for plot in plots[len(panels) :]:
        plot.remove()
    for plot in plots[: len(panels) : across]:
        plot.set_ylabel("times as fast as float32", fontsize=9, color=QUIET)
    for plot in plots[: len(panels)]:
        plot.set_xlabel("weights pruned", fontsize=9, color=QUIET)
    handles = [
        Line2D([], [], color=INT8, lw=1.6, label="best dense engine, int8"),
        Line2D([], [], color=INK, lw=1, label="best dense engine, float32"),
    ]
    handles += [
        Line2D([], [], color=colour, ls=style, marker=marker, ms=5, label=f"{pattern}, {budget}")
        for (pattern, budget), (colour, style, marker) in LINES.items()
        if any((row["pattern"], row["budget"]) == (pattern, budget) for row in rows)
    ]
    handles.append(Line2D([], [], color=QUIET, ls="", marker="D", ms=5, label="dense net in C"))
    canvas.legend(handles=handles, loc="outside upper left", ncols=min(4, 1 + across), frameon=False, fontsize=9)
    canvas.savefig(out, dpi=150)


def _draw(plot: "Plot", rows: Sequence[Row]) -> None:
    plot.axhline(1, color=INK, lw=1)
    rounded = [
        times
        for row in rows
        if row["arithmetic"] == "int8" and not row["engine"].startswith("native") and (times := ratio(row, "float32"))
    ]
    if rounded:
        plot.axhline(max(rounded), color=INT8, lw=1.6)
    for (pattern, budget), (colour, style, marker) in LINES.items():
        points = [
            (row["sparsity"], times)
            for row in rows
            if (row["pattern"], row["budget"]) == (pattern, budget) and (times := ratio(row, "float32"))
        ]
        if points:
            plot.plot(*zip(*points, strict=True), color=colour, ls=style, marker=marker, ms=5, lw=1.6)
    for row in rows:
        if row["engine"] == "native" and not row["pattern"] and (times := ratio(row, "float32")):
            plot.plot([0.75], [times], color=QUIET, marker="D", ms=5)
    plot.set_xticks([0.75, 0.8, 0.9, 0.95], ["0 %", "80 %", "90 %", "95 %"])
    plot.set_xlim(0.735, 0.965)
    plot.set_ylim(bottom=0)
    plot.tick_params(colors=QUIET, labelsize=8, length=3)
    plot.grid(axis="y", color=LINE, lw=0.8)
    plot.set_axisbelow(True)
    for side in ("top", "right", "left"):
        plot.spines[side].set_visible(False)
    plot.spines["bottom"].set_color(QUIET)


def ratio(row: Row, arithmetic: str) -> float | None:
    """To the best dense engine: by the clock where the machine was quiet enough, else by the processor's time."""
    clock, time = TIMES[arithmetic]
    found: float | None = row[clock] or row[time]
    return found


def _line(row: Row) -> str:
    cells = (
        row["engine"],
        row["arithmetic"],
        row["pattern"],
        row["budget"],
        f"{row['sparsity']:.0%}" if row["pattern"] else "dense",
        f"{row['operations']:.1%}",
        f"{row['p50_ms']:.2f} ms" if row["p50_ms"] else "busy",
        "cut" if row["alike"] else _two(row["x_int8"]),
        "cut" if row["alike"] else _two(row["x_float32"]),
        _two(row["processor_x_float32"]),
        _megabytes(row),
    )
    return f"| {' | '.join(cells)} |"


def _two(number: float | None) -> str:
    return f"{number:.2f}" if number else ""


def _x(row: Row, arithmetic: str) -> str:
    times = ratio(row, arithmetic)
    return f"{times:.2f}" if times else ""


def _milliseconds(row: Row) -> str:
    return f"{row['p50_ms'] or row['processor_ms']:.1f} ms"


def _megabytes(row: Row) -> str:
    return f"{row['bytes'] / 1e6:.1f} MB"


def _setting(row: Row) -> tuple[str, int, int]:
    return row["net"], row["threads"], row["batch"]


def _place(row: Row) -> tuple[int, str, int, int]:
    """Nets in the order of the issue; rows of one setting stay as they are."""
    net = row["net"]
    return (ORDER.index(net) if net in ORDER else len(ORDER), net, row["threads"], row["batch"])


if __name__ == "__main__":
    report(Path(sys.argv[1] if len(sys.argv) > 1 else "results"))
