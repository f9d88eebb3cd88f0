"""One panel of labelled points as SVG: a value against another, a bar for each one's interval, a line at no gain."""

from collections.abc import Sequence
from dataclasses import dataclass

from tombola.report.chart import marker, plot, point, shortened
from tombola.report.markup import Markup, tag
from tombola.report.scales import padded, ticks

WIDTH, HEIGHT = 420.0, 312.0
_LEFT, _TOP, _BOTTOM, _RIGHT = 46.0, 14.0, 44.0, 14.0
_LETTER, _LINE = 6.6, 13.0
_LONGEST = 24


@dataclass(frozen=True)
class Spot:
    """A point with its name, its interval where there is one, what is read out, and where it leads."""

    name: str
    x: float
    y: float
    low: float | None
    high: float | None
    said: str
    ids: tuple[str, ...] = ()


Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


def draw_scatter(spots: Sequence[Spot], x_title: str, y_title: str, said: str, level: float | None = 0.0) -> Markup:
    """The panel; points from left to right, which is the order of the arrow keys. ``level`` is drawn across."""
    spots = sorted(spots, key=lambda spot: (spot.x, spot.y, spot.name))
    xs = padded([spot.x for spot in spots], "")
    base = [] if level is None else [level]
    ys = padded([*base, *(v for s in spots for v in (s.y, s.low, s.high) if v is not None)], "")

    def at(x: float, y: float) -> tuple[float, float]:
        across = (x - xs[0]) / (xs[1] - xs[0]) * (WIDTH - _RIGHT - _LEFT)
        return _LEFT + across, HEIGHT - _BOTTOM - (y - ys[0]) / (ys[1] - ys[0]) * (HEIGHT - _BOTTOM - _TOP - 10)

    places = [at(spot.x, spot.y) for spot in spots]
    ends = [(at(s.x, s.y if s.high is None else s.high)[1], at(s.x, s.y if s.low is None else s.low)[1]) for s in spots]
    bars = "".join(f"M{x:.1f} {top:.1f}V{low:.1f}" for (x, _), (top, low) in zip(places, ends, strict=True))
    lines = [("grid", y) for y in ticks(*ys)] + [("base", y) for y in base or ys[:1]]
    across = [
        tag("path", {"class": kind, "d": f"M{_LEFT:g} {at(xs[0], y)[1]:.1f}H{WIDTH - _RIGHT:g}"}) for kind, y in lines
    ]
    left = [_text(f"{y:,g}".replace("-", "−"), _LEFT - 7, at(xs[0], y)[1] + 4, "end") for y in ticks(*ys)]
    below = [_text(f"{x:,g}", at(x, ys[0])[0], HEIGHT - _BOTTOM + 17, "middle") for x in ticks(*xs, 6)]
    title = _text(x_title, (_LEFT + WIDTH - _RIGHT) / 2, HEIGHT - 5, "middle")
    where = _labels(spots, places, ends)
    names = [_text(shortened(s.name, _LONGEST), *w, "t name") for s, w in zip(spots, where, strict=True)]
    names.append(_text(y_title, 4, _TOP, "start"))
    axis = tag("g", {"class": "axis", "aria-hidden": "true"}, *across, *left, *below, title)
    words = tag("g", {"class": "axis", "aria-hidden": "true"}, *names)
    points = [
        point(link, s.said, 0, marker(0, *p), also=s.ids)
        for s, p in zip(spots, places, strict=True)
        for link in s.ids[:1] or ("",)
    ]
    shown = tag("g", {"class": "c0"}, tag("path", {"class": "bar", "d": bars}), *points)
    return plot(f"{y_title} against {x_title}. {said}", WIDTH, HEIGHT, axis, words, shown)


def _labels(
    spots: Sequence[Spot], places: Sequence[tuple[float, float]], bars: Sequence[tuple[float, float]]
) -> list[tuple[float, float, str]]:
    """Where each name stands, and by which of its ends: right, left, above or below its point, where it covers least.

    A point or another name counts more than a bar. A name at the left ends beside its point, however wide letters are.
    """
    taken: list[Box] = [(x - 5, y - 5, x + 5, y + 5) for x, y in places]
    crossed: list[Box] = [(x - 1, top, x + 1, low) for (x, _), (top, low) in zip(places, bars, strict=True)]
    found: list[tuple[float, float, str]] = []
    for spot, (x, y) in zip(spots, places, strict=True):
        wide = _LETTER * min(len(spot.name), _LONGEST)
        tries = [
            (x + dx, y + dy)
            for dy in (4.0, -8.0, 17.0, -20.0, 29.0)
            for dx in (8.0, -8.0 - wide, -wide / 2)
            if abs(dy - 4.0) > 1 or dx != -wide / 2
        ]
        inside = [t for t in tries if t[0] >= _LEFT and t[0] + wide <= WIDTH + 8 and _TOP <= t[1] <= HEIGHT - _BOTTOM]
        covers = [10 * _touched(_box(t, wide), taken) + _touched(_box(t, wide), crossed) for t in inside or tries]
        best = (inside or tries)[covers.index(min(covers))]
        taken.append(_box(best, wide))
        found.append(_held(best, x, wide))
    return found


def _held(start: tuple[float, float], x: float, wide: float) -> tuple[float, float, str]:
    """A name that begins there, held by the end that is nearest to its point."""
    left, y = start
    return (left, y, "start") if left > x else (left + wide, y, "end") if left + wide < x else (x, y, "middle")


def _box(at: tuple[float, float], wide: float) -> Box:
    return at[0], at[1] - _LINE + 3, at[0] + wide, at[1] + 3


def _touched(one: Box, others: Sequence[Box]) -> int:
    return sum(one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3] for other in others)


def _text(words: str, x: float, y: float, anchor: str, kind: str = "t") -> Markup:
    return tag("text", {"class": kind, "x": x, "y": y, "text-anchor": anchor}, words)
