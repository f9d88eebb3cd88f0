"""The front of a race: every finish as a line of a table, and as a point of time, or bytes, against accuracy."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from tombola import colours
from tombola.benching.table import aligned
from tombola.disks import written
from tombola.race.entrants import DENSE
from tombola.race.raced import Raced
from tombola.race.rule import Finish, easier
from tombola.report.placing import placed

HEAD: Final = ("net", "run by", "accuracy", "ms", "bytes", "x float32", "x int8")
_SIZE, _LETTER = 7, 0.6
"""Of the names of points, and how wide a letter is in it."""


def lines(raced: Raced) -> list[str]:
    """The table, the winner, what was not tried, one sentence of advice."""
    wanted = raced.wanted
    shown = aligned([HEAD, *(row(raced, one) for one in sorted(raced.front, key=lambda one: one.ms))])
    return [
        f"on {raced.dense.samples:,} validation samples, batch {wanted.batch}, {wanted.threads} threads;",
        f"{trained(raced)}:",
        "",
        *shown,
        "",
        *(f"not in the table: {line}" for line in left_out(raced)),
        "",
        advice(raced),
        *held_out(raced),
        *_missed(raced),
    ]


def left_out(raced: Raced) -> list[str]:
    """What did not race to the end and why, those with one reason in one line."""
    by_reason: dict[str, list[str]] = {}
    for name, why in raced.left.items():
        by_reason.setdefault(why, []).append(name)
    return [f"{', '.join(names)}: {why}" for why, names in by_reason.items()]


def trained(raced: Raced) -> str:
    """For how long, in words."""
    others = f", the others in stretches of {raced.stretch:,}" if raced.stretch else ""
    return f"the dense net trained for {raced.steps:,} steps{others}"


def advice(raced: Raced) -> str:
    """One sentence: what to ship, and how it compares with the best that needs no pruning."""
    shipped, wanted, rival = raced.winner, raced.wanted, raced.rival
    if not shipped.pruned:
        untried = len(raced.untried)
        tried = (
            f"nothing pruned that was trained ({untried} were not, for want of time)" if untried else "nothing pruned"
        )
        return (
            f"ship the {shipped.entrant} net in {shipped.arithmetic}, run by {shipped.engine}: {tried} costs less here"
            f" within {points(wanted.margin)} of accuracy"
        )
    return (
        f"ship {shipped.entrant}, run by {shipped.engine}: within {points(wanted.margin)} of the dense net on"
        f" validation samples, {rival.ms / shipped.ms:.2f} times as fast as the best that needs no pruning"
        f" ({rival.engine}), in {shipped.bytes / rival.bytes:.2f} times its bytes"
    )


def held_out(raced: Raced) -> list[str]:
    """What the winner, the dense net and the best unpruned one tell of samples that nothing was chosen by."""
    return [
        f"held-out samples: {one.entrant} in {one.engine}: {one.accuracy:.2f} % of {one.samples:,}, {one.ms:.2f} ms"
        for one in raced.held_out
    ] + [f"held-out samples: {raced.winner.entrant} less {DENSE} in float32: {raced.difference}", *_seen_before(raced)]


def _seen_before(raced: Raced) -> list[str]:
    """What to make of validation samples that the dense net knows far better than held-out ones; mostly nothing."""
    (there,) = (one for one in raced.held_out if one.entrant == DENSE and one.engine == raced.dense.engine)
    better = easier(raced.dense, there)
    said = (
        f"validation samples are told {better:.1f} points better by the dense net than held-out ones: the pretrained"
        " weights may have learned from them, or they are easier. Pruned nets then look worse beside it than they"
        " are; name examples that the weights have not seen"
    )
    return [said] if better else []


def across(raced: Raced, one: Finish) -> float:
    """Where a point stands from left to right: at its milliseconds, or its megabytes where size is the target."""
    return one.bytes / 1e6 if raced.wanted.target == "size" else one.ms


def called(raced: Raced, one: Finish) -> str:
    """What a point is called in a picture: with its engine where several ran it."""
    alone = sum(other.entrant == one.entrant for other in raced.front) == 1
    return one.entrant if alone else f"{one.entrant}, {one.engine}"


def unit(raced: Raced) -> str:
    """What that is of."""
    return "megabytes" if raced.wanted.target == "size" else "milliseconds a run, median"


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
    plot.scatter(
        across(raced, raced.winner), raced.winner.accuracy, s=150, facecolors="none", edgecolors=colours.INK, zorder=4
    )
    plot.axhline(raced.dense.accuracy - raced.wanted.margin, color=colours.QUIET, linestyle="--", linewidth=1)
    plot.set_xlabel(unit(raced))
    plot.set_ylabel(f"accuracy, {raced.dense.samples:,} validation samples (%)")
    plot.set_title(f"dashed: {points(raced.wanted.margin)} below the dense net; ringed: what is shipped", fontsize=10)
    plot.margins(x=0.2, y=0.12)
    _name(canvas, plot, [called(raced, one) for one in front], [(across(raced, one), one.accuracy) for one in front])
    with written(out) as beside:
        canvas.savefig(beside, dpi=dpi)
    return out


def _name(canvas: Any, plot: Any, names: Sequence[str], at: Sequence[tuple[float, float]]) -> None:
    """Names beside their points, once it is settled where these are; a line leads to those that stand further off."""
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
            name, one, (to.x - x, y - to.y), textcoords="offset points", fontsize=_SIZE, ha=side, arrowprops=lead
        )


def row(raced: Raced, one: Finish) -> Sequence[str]:
    """A line of the table: an arrow at the winner, its figures, how many times as fast as dense nets it is."""
    exact, rounded = _fastest(raced, "float32"), _fastest(raced, "int8")
    return (
        ("-> " if one is raced.winner else "   ") + one.entrant,
        one.engine,
        f"{one.accuracy:.2f} %",
        f"{one.ms:.2f}",
        f"{one.bytes:,}",
        "" if exact is None else f"{exact.ms / one.ms:.2f}",
        "" if rounded is None else f"{rounded.ms / one.ms:.2f}",
    )


def points(margin: float) -> str:
    """In words."""
    return f"{margin:g} point{'' if margin == 1 else 's'}"


def _fastest(raced: Raced, arithmetic: str) -> Finish | None:
    some = [one for one in raced.front if one.entrant == DENSE and one.arithmetic == arithmetic]
    return min(some, key=lambda one: one.ms, default=None)


def tone(one: Finish) -> int:
    """Of a dense net in float32, of one in int8, or of what was pruned."""
    return colours.net_tone(dense=one.entrant == DENSE, int8=one.arithmetic == "int8")


def _missed(raced: Raced) -> Iterator[str]:
    if not raced.holds:
        yield (
            f"on held-out samples it is {-raced.difference.points:.2f} points below, more than the"
            f" {raced.wanted.margin:g} asked for: it was chosen on other samples; take --max-drop smaller, or more data"
        )
