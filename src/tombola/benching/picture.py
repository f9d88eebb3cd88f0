"""A bench as a picture: a bar an engine; its colour says whether it uses zeros, or multiplies them and in what."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tombola.benching.result import Measured, Result
from tombola.benching.table import milliseconds
from tombola.colours import DENSE, INK, INT8, LINE, QUIET, TICKET
from tombola.disks import written

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Plot

_KINDS: Final = {
    INT8: "multiplies zeros, in int8 or bfloat16",
    DENSE: "multiplies zeros, in float32",
    TICKET: "uses zeros",
}
_MOST_LAYERS: Final = 24


def write_picture(result: Result, out: Path, *, dpi: int = 160) -> Path:
    """Draw the engines' times, and the layers of the fastest engine that tells them; return ``out``."""
    from matplotlib.figure import Figure as Canvas
    from matplotlib.patches import Patch

    engines = list(reversed(result.in_order))  # the first one on top
    layered = next(iter(result.layered), None)
    rows = [0.42 * len(engines) + 0.5] + ([0.24 * min(len(layered.layers), _MOST_LAYERS) + 0.6] if layered else [])
    canvas = Canvas(figsize=(8.0, sum(rows) + 0.8), layout="constrained", facecolor="white")
    plots = canvas.subplots(len(rows), 1, squeeze=False, height_ratios=rows)
    _draw_engines(plots[0][0], result, engines)
    if layered is not None:
        _draw_layers(plots[1][0], layered, result.dense_layers() if layered.uses_zeros else {})
    canvas.suptitle(_title(result), x=0.01, ha="left", fontsize=11, color=INK)
    shown = {_colour(engine) for engine in engines}
    kinds = [Patch(color=colour, label=text) for colour, text in _KINDS.items() if colour in shown]
    canvas.legend(handles=kinds, loc="outside lower left", ncols=len(kinds), frameon=False, fontsize=9)
    out.parent.mkdir(parents=True, exist_ok=True)
    with written(out) as beside:
        canvas.savefig(beside, dpi=dpi)
    return out


def _draw_engines(plot: "Plot", result: Result, engines: list[Measured]) -> None:
    p50 = [1e3 * engine.times.p50 for engine in engines]
    late = [1e3 * (engine.times.p90 - engine.times.p50) for engine in engines]
    colours = [_colour(engine) for engine in engines]
    places = range(len(engines))
    plot.barh(places, p50, color=colours, height=0.66)
    plot.errorbar(p50, places, xerr=[[0.0] * len(p50), late], fmt="none", ecolor=QUIET, elinewidth=1, capsize=2.5)
    far = max(value + extra for value, extra in zip(p50, late, strict=True))
    for place, engine in zip(places, engines, strict=True):
        end = 1e3 * max(engine.times.p90, engine.times.p50)
        plot.text(end + 0.012 * far, place, _label(result, engine), va="center", fontsize=9, color=INK)
    plot.set_xlim(0, 1.55 * far)
    plot.set_yticks(places, [engine.engine for engine in engines])
    plot.set_xlabel("milliseconds a run: median, and 90 of 100 runs", fontsize=9, color=QUIET)
    _dress(plot)


def _draw_layers(plot: "Plot", engine: Measured, dense: Mapping[str, float]) -> None:
    """The layers that take longest, in the net's order, the first on top; a dense engine's time of each behind it."""
    least = sorted((layer.seconds for layer in engine.layers), reverse=True)[:_MOST_LAYERS][-1]
    shown = [layer for layer in engine.layers if layer.seconds >= least][:_MOST_LAYERS]
    places = range(len(shown))
    behind = [1e3 * dense.get(layer.name, 0.0) for layer in shown]
    plot.barh(places, behind, color=DENSE, height=0.74)
    plot.barh(
        places, [1e3 * layer.seconds for layer in shown], color=TICKET if engine.uses_zeros else DENSE, height=0.44
    )
    plot.set_yticks(places, [layer.name for layer in shown])
    plot.set_ylim(len(shown) - 0.4, -0.6)
    ends = [max(1e3 * layer.seconds, other) for layer, other in zip(shown, behind, strict=True)]
    far = max(ends)
    for place, layer, end in zip(places, shown, ends, strict=True):
        kept = f"{100 * layer.survivors / layer.total:.0f} % of the weights" if layer.total else layer.kind
        plot.text(end + 0.012 * far, place, kept, va="center", fontsize=7.5, color=QUIET)
    plot.set_xlim(0, 1.3 * far)
    more = "" if len(shown) == len(engine.layers) else f", the {len(shown)} slowest layers"
    beside = "; behind it a dense engine" if dense else ""
    plot.set_xlabel(f"milliseconds in {engine.engine}{more}{beside}", fontsize=9, color=QUIET)
    _dress(plot)
    plot.tick_params(axis="y", labelsize=7.5)


def _label(result: Result, engine: Measured) -> str:
    ratios = {name: result.ratio(engine, name) for name in ("int8", "float32")}
    told = [f"{ratio:.2f}x {name}" for name, ratio in ratios.items() if ratio is not None]
    return "   ".join([milliseconds(engine.times.p50), *told])


def _colour(engine: Measured) -> str:
    return TICKET if engine.uses_zeros else DENSE if engine.arithmetic == "float32" else INT8


def _title(result: Result) -> str:
    setting = result.setting
    zeros = f"{100 * result.sparsity:.1f} % pruned" if result.total else "nothing pruned"
    threads = f"{setting.threads} thread{'s' if setting.threads > 1 else ''}"
    return f"{result.model}: {zeros}, batch {setting.batch}, {threads}"


def _dress(plot: "Plot") -> None:
    plot.tick_params(colors=QUIET, labelsize=9, length=3)
    plot.grid(axis="x", color=LINE, lw=0.8)
    plot.set_axisbelow(True)
    for side in ("top", "right", "left"):
        plot.spines[side].set_visible(False)
    plot.spines["bottom"].set_color(QUIET)
