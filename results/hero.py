"""Speed, bytes and accuracy beside dense int8: the first picture of the README, from stored rows alone.

    python -m results.hero [OUT.png]

Left and middle are one net on one machine (`results/native.json`): the fastest dense engine of each arithmetic and the
tickets in C. Those weights are random, so accuracy comes from another net that was trained
(`results/accuracy-latency`): what each pattern loses at a speed, beside smaller dense nets.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from statistics import fmean
from textwrap import fill
from typing import TYPE_CHECKING, Any, Final, Literal

from tombola.colours import BLOCK, DENSE, ELEMENT, INK, INT8, LINE, MARKERS, QUIET, STRIPE
from tombola.rows import read_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Plot

HERE: Final = Path(__file__).parent
OUT: Final = HERE.parent / "docs" / "pictures" / "hero.png"
SETTING: Final = {"net": "resnet18", "threads": 1, "batch": 1}
SPEEDS: Final = (1.5, 2.0, 3.0, 4.0)
LINES: Final = {
    "smaller dense nets": ("smaller dense nets", DENSE, MARKERS[7]),
    "stripe:4 matched": ("stripes of four channels", STRIPE, MARKERS[2]),
    "element": ("single weights", ELEMENT, MARKERS[3]),
}
PATTERNS: Final = {
    "stripe:4": ("stripes", STRIPE),
    "block:1x4": ("blocks, int8", BLOCK),
    "element": ("single", ELEMENT),
}


@dataclass(frozen=True)
class Bar:
    """A net as one engine runs it: its time in milliseconds, its files in megabytes."""

    name: str
    colour: str
    ms: float
    megabytes: float


def bars(rows: Sequence[Mapping[str, Any]]) -> list[Bar]:
    """The fastest dense engine of each arithmetic, then the tickets in C of uniform budgets, dense first."""
    here = [row for row in rows if all(row[key] == value for key, value in SETTING.items())]
    dense = [row for row in here if not row["pattern"] and row["engine"] != "native"]
    found = []
    for arithmetic, colour in (("float32", DENSE), ("int8", INT8)):
        best = min((row for row in dense if row["arithmetic"] == arithmetic), key=lambda row: float(row["p50_ms"]))
        found.append(_bar(f"dense {arithmetic}", colour, best))
    for row in here:
        if row["pattern"] in PATTERNS and row["budget"] == "uniform":
            name, colour = PATTERNS[row["pattern"]]
            found.append(_bar(f"{name}, {row['sparsity']:.0%} pruned", colour, row))
    return found


def losses(folder: Path) -> dict[str, list[tuple[float, float]]]:
    """(times as fast, points below dense) of each family along its line, finetuned, batch 1."""
    sys.path.insert(0, str(folder))  # the folder's name is no package's
    lines = import_module("lines")
    timed = [json.loads(line) for line in (folder / "latency.jsonl").read_text(encoding="utf-8").splitlines()]
    nets = lines.nets_of(read_rows(folder / "rows.jsonl"), timed, "finetune", 1)
    dense = next(net for net in nets if net.name == lines.DENSE)
    found: dict[str, list[tuple[float, float]]] = {}
    for family, line in lines.families(nets).items():
        at = ((speed, lines.lost_at(line, dense, speed)) for speed in SPEEDS)
        found[family] = [(speed, fmean(lost)) for speed, lost in at if lost]
    return found


def main(arguments: Sequence[str]) -> int:
    """Draw; 0."""
    from matplotlib.figure import Figure

    stored = json.loads((HERE / "native.json").read_text(encoding="utf-8"))
    shown, lost = bars(stored["rows"]), losses(HERE / "accuracy-latency")
    canvas = Figure(figsize=(11.0, 3.9), layout="constrained", facecolor="white")
    speed, size, points = canvas.subplots(1, 3, width_ratios=[1.25, 0.8, 1.15])
    _bars(speed, shown, [bar.ms for bar in shown], "milliseconds an image, one thread")
    speed.set_title("Faster than dense int8 ...", loc="left", fontsize=11, color=INK)
    _bars(size, shown, [bar.megabytes for bar in shown], "megabytes of files")
    size.set_yticks([])
    size.set_title("... and smaller from 90 % on ...", loc="left", fontsize=11, color=INK)
    _lines(points, lost)
    points.set_title("... at a price in accuracy", loc="left", fontsize=11, color=INK)
    note = (
        f"Left, middle: ResNet-18 at 224x224 with random weights, {stored['machine']}; tickets in generated C, float32"
        " but for blocks; dense ones in the fastest engine of their kind. Right: a trained ResNet-20 on CIFAR-10, 2,000"
        " images, mean of 3 seeds, Intel Xeon. Dense int8 needs no pruning; its accuracy was not measured there."
    )
    canvas.supxlabel(fill(note, 190), x=0.01, ha="left", fontsize=7.5, color=QUIET)
    canvas.savefig(Path(arguments[0]) if arguments else OUT, dpi=160)
    return 0


def _bar(name: str, colour: str, row: Mapping[str, Any]) -> Bar:
    return Bar(name, colour, float(row["p50_ms"]), row["bytes"] / 1e6)


def _bars(plot: "Plot", shown: Sequence[Bar], values: Sequence[float], title: str) -> None:
    places = [-k for k in range(len(shown))]
    plot.barh(places, values, color=[bar.colour for bar in shown], height=0.66)
    for place, value in zip(places, values, strict=True):
        plot.text(value + 0.015 * max(values), place, f"{value:.1f}", va="center", fontsize=9, color=INK)
    plot.set_yticks(places, [bar.name for bar in shown], fontsize=9.5, color=INK)
    plot.set_xlim(0, 1.14 * max(values))
    plot.set_xlabel(title, fontsize=9, color=QUIET)
    _dress(plot, "x")


def _lines(plot: "Plot", lost: Mapping[str, Sequence[tuple[float, float]]]) -> None:
    for family, (name, colour, marker) in LINES.items():
        xs, ys = zip(*lost[family], strict=True)
        plot.plot(xs, [-y for y in ys], color=colour, marker=marker, ms=6, lw=1.8, mec="white", label=name)
    plot.axhline(0, color=DENSE, lw=1, ls=(0, (2, 4)))
    plot.set_xticks(SPEEDS, [f"{speed:g}x" for speed in SPEEDS])
    plot.set_xlabel("as fast as the dense net in float32", fontsize=9, color=QUIET)
    plot.set_ylabel("points of accuracy beside dense", fontsize=9, color=QUIET)
    plot.legend(frameon=False, fontsize=9, loc="lower left")
    _dress(plot, "y")


def _dress(plot: "Plot", along: Literal["x", "y"]) -> None:
    plot.grid(axis=along, color=LINE, lw=0.8)
    plot.set_axisbelow(True)
    plot.tick_params(colors=QUIET, labelsize=9, length=0)
    for side in ("top", "right", "left", "bottom"):
        plot.spines[side].set_visible(False)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
