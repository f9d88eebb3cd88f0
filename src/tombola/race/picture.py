"""The front of a race as a picture: every finish as a point of time, or bytes, against accuracy."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tombola import colours
from tombola.disks import written
from tombola.race.entrants import DENSE
from tombola.race.finish import Finish
from tombola.race.front import points
from tombola.race.paired import difference
from tombola.race.raced import Raced
from tombola.report.placing import placed

_SIZE: Final = 7
_LETTER: Final = 0.6
"""How wide one is in a name of that size."""


def write_picture(raced: Raced, out: Path, *, dpi: int = 160) -> Path:
    """Accuracy against milliseconds, or bytes where size is the target; the margin as a line, the winner ringed."""
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(8.0, 4.6), layout="constrained", facecolor="white")
    plot = canvas.subplots()
    front = sorted(raced.front, key=lambda one: (across(raced, one), one.accuracy))
    for one in front:
        plot.scatter(
            across(raced, one),
            one.accuracy,
            color=colours.TONES[tone(one)],
            marker=colours.MARKERS[tone(one)],
            s=42,
            zorder=3,
        )
        if below := doubt(raced, one):
            plot.vlines(across(raced, one), one.accuracy - below, one.accuracy, color=colours.TONES[tone(one)])
    plot.scatter(
        across(raced, raced.winner), raced.winner.accuracy, s=150, facecolors="none", edgecolors=colours.INK, zorder=4
    )
    plot.axhline(raced.dense.accuracy - raced.wanted.margin, color=colours.QUIET, linestyle="--", linewidth=1)
    plot.set_xlabel(unit(raced))
    plot.set_ylabel(f"accuracy, {raced.dense.samples:,} validation samples (%)")
    plot.set_title(
        f"dashed: {points(raced.wanted.margin)} below the dense net, held by pruned nets to the end of their tail,"
        " 95 % for sure; ringed: shipped",
        fontsize=8,
    )
    plot.margins(x=0.2, y=0.12)
    _name(canvas, plot, [called(raced, one) for one in front], [(across(raced, one), one.accuracy) for one in front])
    with written(out) as beside:
        canvas.savefig(beside, dpi=dpi)
    return out


def across(raced: Raced, one: Finish) -> float:
    """Where a point stands from left to right: at its milliseconds, or its megabytes where size is the target."""
    return one.bytes / 1e6 if raced.wanted.target == "size" else one.ms


def doubt(raced: Raced, one: Finish) -> float:
    """By how many points a pruned net has to hold the margin, so that its difference to the dense net is sure."""
    return difference(one, raced.dense).doubt if one.pruned and one.outcomes else 0.0


def unit(raced: Raced) -> str:
    """What that is of."""
    return "megabytes" if raced.wanted.target == "size" else "milliseconds a run, median"


def called(raced: Raced, one: Finish) -> str:
    """What a point is called in a picture: with its engine where several ran it."""
    alone = sum(other.entrant == one.entrant for other in raced.front) == 1
    return one.entrant if alone else f"{one.entrant}, {one.engine}"


def tone(one: Finish) -> int:
    """Of a dense net in float32, of one in int8, or of what was pruned."""
    return colours.net_tone(dense=one.entrant == DENSE, int8=one.arithmetic == "int8")


def _name(canvas: Any, plot: Any, names: Sequence[str], at: Sequence[tuple[float, float]]) -> None:
    """Names beside their points, once it is settled where these are; a line leads to those that stand further off.

    Each is on white of its own, so that the margin's line does not run through it.
    """
    canvas.draw_without_rendering()
    point = 72 / canvas.dpi  # of a pixel, so that it holds in whatever is saved
    (left, low), (right, high) = plot.transAxes.transform([(0, 0), (1, 1)]) * point
    places = [(x, -y) for x, y in plot.transData.transform(at) * point]  # from the top, as names are placed
    wide = [_LETTER * _SIZE * len(name) for name in names]
    for name, to, (x, y), one in zip(
        names, placed(places, wide, 1.5 * _SIZE, (left, -high, right, -low), ()), places, at, strict=True
    ):
        lead = {"arrowstyle": "-", "color": colours.QUIET, "linewidth": 0.6} if to.far else None
        side = {"start": "left", "end": "right", "middle": "center"}[to.anchor]
        plot.annotate(
            name, one, (to.x - x, y - to.y), textcoords="offset points", fontsize=_SIZE, ha=side, arrowprops=lead,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5}, zorder=2.5,
        )  # fmt: skip
