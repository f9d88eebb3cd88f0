"""One panel as SVG: lines with bands and seeds over sparsity, or columns of seeds where there is a single sparsity.

Colours come from the page's CSS variables, so a panel follows light and dark. Each position along x carries its values
as ``data-tip`` (lines of "tone, name, value, seeds", split by tabs), which the page's script shows. Each mean
is a link to the rows behind it.
"""

import textwrap
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from tombola.colours import MARKERS
from tombola.report.curves import Summary
from tombola.report.lines import Frame, Series
from tombola.report.markup import Markup, tag
from tombola.report.numbers import mean_and_spread
from tombola.report.scales import said_ticks, spread_out, thinned, ticks

WIDTH, HEIGHT = 420.0, 256.0
_LEFT, _TOP, _BOTTOM = 42.0, 10.0, 40.0
_LINE, _MOST_LINES = 14.0, 3
"""Of names below the plot."""
_MOST_DOTS = 20
_LETTER = 6.8  # the mean width of a letter of the labels, in SVG units


def draw_panel(series: Sequence[Series], frame: Frame, said: str) -> Markup:
    """The panel; ``said`` is read out in place of the picture."""
    right = WIDTH - (14 + _LETTER * max((len(s.name) for s in series), default=0) if frame.labelled else 12)
    at = _positions(frame, right)
    parts = [
        _grid(frame, right),
        _x_axis(frame, at, right),
        *(_dense(s, frame, right) for s in series if s.dense is not None),
        *(_one(s, frame, at) for s in series),
        *(_end_labels(series, frame, right) if frame.labelled else ()),
        tag("line", {"class": "cross", "y1": _TOP, "y2": _base(frame)}),
        *_hits(series, frame, at, right),
        *(_means(s, frame, at) for s in series),
    ]
    return plot(said, WIDTH, HEIGHT, *parts)


def plot(said: str, width: float, height: float, *parts: str) -> Markup:
    """The picture around ``parts``: one stop of the keyboard, inside which arrows go from point to point."""
    box = f"0 0 {width:g} {height:g}"
    label = {"role": "group", "aria-roledescription": "plot", "aria-label": said}
    return tag("svg", {"class": "plot", "viewBox": box, "tabindex": 0, **label}, *parts)


def point(to: str, said: str, tone: int, *parts: str, column: int | None = None, also: Sequence[str] = ()) -> Markup:
    """What stands for a mean, as a link to the rows behind it; ``column`` is its place along the axis.

    ``also`` names all numbers that a difference was made of.
    """
    if not to:
        return tag("g", {"class": f"c{tone % 8}"}, *parts)
    link = {"class": f"pt c{tone % 8}", "href": f"#{to}", "tabindex": -1, "data-k": column}
    return tag("a", {**link, "data-points": "+".join(also) or None, "aria-label": said}, *parts)


def swatch(tone: int) -> Markup:
    """A small sample of a level's line and marker, for legends."""
    mark = marker(tone, 14, 6)
    line = tag("path", {"class": "curve", "d": "M1 6H27"})
    return tag(
        "svg",
        {"class": f"swatch c{tone % 8} d{tone // 8 % 3}", "viewBox": "0 0 28 12", "aria-hidden": "true"},
        line,
        mark,
    )


def _y(frame: Frame, value: float) -> float:
    """Where a value lies, in SVG units."""
    base = _base(frame)
    return base - (value - frame.low) / (frame.high - frame.low) * (base - _TOP)


def _positions(frame: Frame, right: float) -> dict[float, float]:
    """x in SVG units for every x of the frame; the outermost stand a little inside."""
    values = [value for value, _ in frame.xs]
    low, high = min(values), max(values)
    inset = 14.0 if frame.lines else (right - _LEFT) / (2 * len(values))
    if high == low:
        return {low: (_LEFT + right) / 2}
    width = right - _LEFT - 2 * inset
    return {value: _LEFT + inset + (value - low) / (high - low) * width for value in values}


def _grid(frame: Frame, right: float) -> Markup:
    values = ticks(frame.low, frame.high)
    lines = "".join(f"M{_LEFT:g} {_y(frame, value):.1f}H{right:.1f}" for value in values)
    labels = [_text(said, _LEFT - 7, _y(frame, value) + 4, "end") for value, said in said_ticks(values)]
    return tag("g", {"class": "axis", "aria-hidden": "true"}, tag("path", {"class": "grid", "d": lines}), *labels)


def _x_axis(frame: Frame, at: dict[float, float], right: float) -> Markup:
    base = _base(frame)
    room = _LETTER * max(len(label) for _, label in frame.xs) + 6
    places = [at[value] for value, _ in frame.xs]
    kept = thinned(places, room) if frame.lines else range(len(places))
    marks = "".join(f"M{x:.1f} {base:g}v4" for x in places)
    names = _names(frame)
    labels = [
        _text(line, places[k], base + 17 + row * _LINE, "middle") for k in kept for row, line in enumerate(names[k])
    ]
    title = _text(frame.x_title, (_LEFT + right) / 2, HEIGHT - 5, "middle", "t title")
    line = tag("path", {"class": "base", "d": f"M{_LEFT:g} {base:g}H{right:.1f}{marks}"})
    return tag("g", {"class": "axis", "aria-hidden": "true"}, line, *labels, title)


def _names(frame: Frame) -> list[list[str]]:
    """What stands below each x, line by line: levels side by side have their words below each other."""
    if frame.lines:
        return [[label] for _, label in frame.xs]
    widest = int((WIDTH - 12 - _LEFT) / len(frame.xs) / _LETTER)
    return [wrapped(label, widest, _MOST_LINES) for _, label in frame.xs]


@lru_cache(maxsize=64)  # asked for every point
def _base(frame: Frame) -> float:
    """Where the plot ends and its names begin, in SVG units."""
    return HEIGHT - _BOTTOM - _LINE * (max(map(len, _names(frame)), default=1) - 1)


def _one(series: Series, frame: Frame, at: dict[float, float]) -> Markup:
    """The band, the line and the seeds of one series."""
    points = [(at[x], summary) for x, summary in series.points]
    parts: list[str] = []
    if frame.lines and any(summary.n > 1 for _, summary in points) and len(points) > 1:
        parts.append(tag("path", {"class": "band", "d": _band(points, frame)}))
    if frame.lines and len(points) > 1:
        parts.append(tag("path", {"class": "curve", "d": _through([(x, s.mean) for x, s in points], frame)}))
    if not frame.lines:
        parts.extend(tag("path", {"class": "bar", "d": _bar(x, summary, frame)}) for x, summary in points)
    parts.extend(_dots(points, frame))
    return tag("g", {"class": f"c{series.tone % 8} d{series.tone // 8 % 3}"}, *parts)


def _means(series: Series, frame: Frame, at: dict[float, float]) -> Markup:
    """The points of one series; they lie over everything, so that each can be chosen."""
    columns = {x: (k, label) for k, (x, label) in enumerate(frame.xs)}
    found: list[Markup] = []
    for (x, summary), to in zip(series.points, series.ids or ("",) * len(series.points), strict=True):
        column, label = columns[x]
        where = f"{series.name}, {label}" if frame.lines else series.name
        said = f"{where}: {mean_and_spread(summary, frame.unit)}"
        shape = marker(series.tone, at[x], _y(frame, summary.mean))
        found.append(point(to, said, series.tone, shape, column=column))
    return tag("g", None, *found)


def _band(points: Sequence[tuple[float, Summary]], frame: Frame) -> str:
    upper = [(x, s.mean + s.std) for x, s in points]
    lower = [(x, s.mean - s.std) for x, s in reversed(points)]
    return _through([*upper, *lower], frame) + "Z"


def _through(points: Sequence[tuple[float, float]], frame: Frame) -> str:
    return "M" + "L".join(f"{x:.1f} {_y(frame, value):.1f}" for x, value in points)


def _bar(x: float, summary: Summary, frame: Frame) -> str:
    top, bottom = _y(frame, summary.mean + summary.std), _y(frame, summary.mean - summary.std)
    return f"M{x:.1f} {top:.1f}V{bottom:.1f}M{x - 5:.1f} {top:.1f}h10M{x - 5:.1f} {bottom:.1f}h10"


def _dots(points: Sequence[tuple[float, Summary]], frame: Frame) -> list[Markup]:
    """The seeds as strokes without length and with round ends, unless they are so many that the band says more."""
    shown = [(x, value) for x, s in points if 1 < s.n <= _MOST_DOTS for value in s.values.values()]
    return (
        [tag("path", {"class": "seed", "d": "".join(f"M{x:.1f} {_y(frame, v):.1f}h0" for x, v in shown)})]
        if shown
        else []
    )


def marker(tone: int, x: float, y: float) -> Markup:
    """A mean: a shape of its own for each tone (`tombola.colours.MARKERS`), so that colour is never needed."""
    shape = (
        f"M{x - 4:.1f} {y:.1f}a4 4 0 1 0 8 0a4 4 0 1 0-8 0Z",
        f"M{x - 3.6:.1f} {y - 3.6:.1f}h7.2v7.2h-7.2Z",
        f"M{x:.1f} {y - 4.8:.1f}l4.6 8.2h-9.2Z",
        f"M{x:.1f} {y - 5:.1f}l5 5l-5 5l-5-5Z",
        f"M{x:.1f} {y + 4.8:.1f}l4.6-8.2h-9.2Z",
        f"M{x - 1.7:.1f} {y - 4.9:.1f}h3.4v3.2h3.2v3.4h-3.2v3.2h-3.4v-3.2h-3.2v-3.4h3.2Z",
        f"M{x:.1f} {y - 2.4:.1f}l2.4-2.4 2.4 2.4-2.4 2.4 2.4 2.4-2.4 2.4-2.4-2.4-2.4 2.4-2.4-2.4 2.4-2.4-2.4-2.4Z",
        f"M{x:.1f} {y - 5.8:.1f}l3.2 5.8l-3.2 5.8l-3.2-5.8Z",
    )[tone % len(MARKERS)]
    return tag("path", {"class": "mean", "d": shape})


def _dense(series: Series, frame: Frame, right: float) -> Markup:
    level = _y(frame, series.dense or 0.0)
    return tag("path", {"class": f"dense c{series.tone % 8}", "d": f"M{_LEFT:g} {level:.1f}H{right:.1f}"})


def _end_labels(series: Sequence[Series], frame: Frame, right: float) -> list[Markup]:
    shown = [s for s in series if s.points]
    wanted = [_y(frame, s.points[-1][1].mean) for s in shown]
    places = spread_out(wanted, 16, _TOP + 4, _base(frame) - 4)
    return [
        _text(s.name, right + 4, y + 4, "start", f"t end c{s.tone % 8}") for s, y in zip(shown, places, strict=True)
    ]


def _hits(series: Sequence[Series], frame: Frame, at: dict[float, float], right: float) -> list[Markup]:
    """One invisible column for each x, as wide as it is nearest."""
    xs = [at[value] for value, _ in frame.xs]
    edges = [_LEFT, *((a + b) / 2 for a, b in pairwise(xs)), right]
    return [
        tag(
            "rect",
            {
                "class": "hit",
                "x": edges[k],
                "y": _TOP,
                "width": edges[k + 1] - edges[k],
                "height": _base(frame) - _TOP,
                "data-x": xs[k],
                "data-tip": _tip(series, frame, value, label),
            },
        )
        for k, (value, label) in enumerate(frame.xs)
    ]


def _tip(series: Sequence[Series], frame: Frame, x: float, label: str) -> str:
    lines = [
        f"{s.tone % 8}\t{s.name}\t{mean_and_spread(summary, frame.unit)}\tn = {summary.n}"
        for s in series
        for place, summary in s.points
        if place == x
    ]
    return "\n".join([f"{label} {frame.x_title}" if frame.lines else "", *lines])


def _text(words: str, x: float, y: float, anchor: str, kind: str = "t") -> Markup:
    return tag("text", {"class": kind, "x": x, "y": y, "text-anchor": anchor}, words)


def wrapped(text: str, length: int, lines: int) -> list[str]:
    """``text`` in at most so many lines, broken between words; what is longer than a line, or behind the last, is cut.

    >>> wrapped("block:1x4 0.9 global", 10, 3), wrapped("one two three", 5, 2)
    (['block:1x4', '0.9 global'], ['one', 'two…'])
    """
    found = textwrap.wrap(text, max(1, length), break_long_words=False, break_on_hyphens=False) or [""]
    kept = [*found[: lines - 1], " ".join(found[lines - 1 :])] if len(found) >= lines else found
    return [shortened(line, length) for line in kept]


def shortened(text: str, length: int) -> str:
    """``text`` with its end replaced by a dot-dot-dot when it is longer than ``length`` letters."""
    return text if len(text) <= length else text[: max(1, length - 1)].rstrip() + "…"
