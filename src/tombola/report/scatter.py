"""One panel of labelled points as SVG: a value against another, a bar for each one's interval, a line at no gain."""

from collections.abc import Sequence
from dataclasses import dataclass

from tombola.report.chart import marker, plot, point, shortened
from tombola.report.markup import Markup, tag
from tombola.report.placing import Box, Point, placed
from tombola.report.scales import padded, said_ticks, ticks

WIDTH, HEIGHT = 420.0, 312.0
_ROOM = 8
"""Names that fit beside points of that height; each more makes the panel a line higher."""
_LEFT, _TOP, _BOTTOM, _RIGHT = 46.0, 14.0, 44.0, 14.0
_ABOVE = 34.0
"""For names over the highest points."""
_LETTER, _LINE = 8.0, 15.0
"""Of a name on a phone, where letters are largest beside the picture."""
_LONGEST = 44


@dataclass(frozen=True)
class Spot:
    """A point with its name, its interval where there is one, what is read out, where it leads, and its tone."""

    name: str
    x: float
    y: float
    low: float | None
    high: float | None
    said: str
    ids: tuple[str, ...] = ()
    tone: int = 0


def draw_scatter(spots: Sequence[Spot], x_title: str, y_title: str, said: str, level: float | None = 0.0) -> Markup:
    """The panel; points from left to right, which is the order of the arrow keys. ``level`` is drawn across."""
    spots = sorted(spots, key=lambda spot: (spot.x, spot.y, spot.name))
    height = HEIGHT + _LINE * max(0, len(spots) - _ROOM)
    xs = padded([spot.x for spot in spots], "")
    base = [] if level is None else [level]
    ys = padded([*base, *(v for s in spots for v in (s.y, s.low, s.high) if v is not None)], "")

    def at(x: float, y: float) -> tuple[float, float]:
        across = (x - xs[0]) / (xs[1] - xs[0]) * (WIDTH - _RIGHT - _LEFT)
        return _LEFT + across, height - _BOTTOM - (y - ys[0]) / (ys[1] - ys[0]) * (height - _BOTTOM - _TOP - _ABOVE)

    places = [at(spot.x, spot.y) for spot in spots]
    ends = [(at(s.x, s.y if s.high is None else s.high)[1], at(s.x, s.y if s.low is None else s.low)[1]) for s in spots]
    bars = [
        tag("g", {"class": f"c{s.tone % 8}"}, tag("path", {"class": "bar", "d": f"M{x:.1f} {top:.1f}V{low:.1f}"}))
        for s, (x, _), (top, low) in zip(spots, places, ends, strict=True)
        if top != low
    ]
    lines = [("grid", y) for y in ticks(*ys)] + [("base", y) for y in base or ys[:1]]
    across = [
        tag("path", {"class": kind, "d": f"M{_LEFT:g} {at(xs[0], y)[1]:.1f}H{WIDTH - _RIGHT:g}"}) for kind, y in lines
    ]
    left = [_text(said, _LEFT - 7, at(xs[0], y)[1] + 4, "end") for y, said in said_ticks(ticks(*ys))]
    below = [_text(said, at(x, ys[0])[0], height - _BOTTOM + 17, "middle") for x, said in said_ticks(ticks(*xs, 6))]
    title = _text(x_title, (_LEFT + WIDTH - _RIGHT) / 2, height - 5, "middle")
    crossed = [(x - 1, top, x + 1, low) for (x, _), (top, low) in zip(places, ends, strict=True)]
    names = [
        *_named([shortened(spot.name, _LONGEST) for spot in spots], places, crossed, height),
        _text(y_title, 4, _TOP, "start"),
    ]
    axis = tag("g", {"class": "axis", "aria-hidden": "true"}, *across, *left, *below, title)
    words = tag("g", {"class": "axis", "aria-hidden": "true"}, *names)
    points = [
        point(link, s.said, s.tone, marker(s.tone, *p), also=s.ids)
        for s, p in zip(spots, places, strict=True)
        for link in s.ids[:1] or ("",)
    ]
    return plot(f"{y_title} against {x_title}. {said}", WIDTH, height, axis, words, *bars, *points)


def _named(names: Sequence[str], points: Sequence[Point], bars: Sequence[Box], height: float) -> list[Markup]:
    """Names beside their points, and lines to those that stand further off."""
    frame = (_LEFT, _TOP + 6, WIDTH, height - _BOTTOM)
    where = placed(points, [_LETTER * len(name) for name in names], _LINE, frame, bars)
    lines = (f"M{x:.1f} {y:.1f}L{to.x:.1f} {to.y - 4:.1f}" for (x, y), to in zip(points, where, strict=True) if to.far)
    texts = [_text(name, one.x, one.y, one.anchor, "t name") for name, one in zip(names, where, strict=True)]
    return [tag("path", {"class": "base", "d": "".join(lines)}), *texts]


def _text(words: str, x: float, y: float, anchor: str, kind: str = "t") -> Markup:
    return tag("text", {"class": kind, "x": x, "y": y, "text-anchor": anchor}, words)
