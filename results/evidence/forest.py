"""All effects in one picture: each claim's, with its interval, beside what its rows could have shown."""

from collections.abc import Sequence
from typing import Final

from results.evidence.judged import Judged
from results.evidence.pictures import svg
from results.evidence.power import effect_of
from results.evidence.wording import told_of

from tombola.colours import INK, LINE, QUIET
from tombola.report.markup import Markup, tag
from tombola.report.scales import ticks

NAME: Final = "effects.svg"
_LEFT, _RIGHT, _WIDTH, _STEP, _TOP = 280.0, 700.0, 880.0, 22.0, 44.0


def forest(found: Sequence[Judged]) -> str:
    """A line a claim whose effect is a lead: filled where the verdict stands, grey where it leans, else hollow.

    The bar behind it is what 80 % of such studies would have shown, either way.
    """
    told = [one for one in found if one.finding.leads and not one.finding.sum]
    leads = [next(iter(one.finding.leads.values())) for one in told]
    low = min([0.0, *(lead.interval.low for lead in leads)])
    high = max([0.0, *(lead.interval.high for lead in leads)])
    bottom = _TOP + _STEP * len(told)
    head = _text("Effects in points, their 95 % intervals; grey bars: what 80 % of such studies show", 0, 18, "start")
    parts = [head, *_axis(low, high, bottom)]
    for place, one in enumerate(told):
        parts += _line(one, _TOP + _STEP * (place + 0.5), low, high)
    return svg(_WIDTH, bottom + 34, *parts)


def _x(value: float, low: float, high: float) -> float:
    return _LEFT + (min(max(value, low), high) - low) / ((high - low) or 1.0) * (_RIGHT - _LEFT)


def _axis(low: float, high: float, bottom: float) -> list[Markup]:
    marks = ticks(low, high) if high > low else [0.0]
    lines = [_stroke(_x(mark, low, high), _TOP, bottom, LINE if mark else QUIET) for mark in marks]
    return [
        *lines,
        *(_text(f"{mark:+g}" if mark else "0", _x(mark, low, high), bottom + 16, "middle") for mark in marks),
    ]


def _line(one: Judged, y: float, low: float, high: float) -> list[Markup]:
    lead, shown = next(iter(one.finding.leads.values())), effect_of(one.finding)
    left, right, mean = (_x(value, low, high) for value in (lead.interval.low, lead.interval.high, lead.mean))
    colour = INK if one.stands else QUIET
    parts = [_text(one.claim.name, _LEFT - 12, y + 4, "end")]
    if shown is not None:
        ends = (_x(-shown, low, high), _x(shown, low, high))
        parts.append(tag("rect", {"x": ends[0], "y": y - 7, "width": ends[1] - ends[0], "height": 14.0, "fill": LINE}))
    parts.append(tag("path", {"d": f"M{left:.1f} {y:.1f}H{right:.1f}", "stroke": colour, "stroke-width": 1.6}))
    fill = "white" if one.finding.leaning == "open" else colour
    parts.append(tag("circle", {"cx": mean, "cy": y, "r": 4.2, "fill": fill, "stroke": colour, "stroke-width": 1.4}))
    return [*parts, _text(f"{told_of(lead)}", _RIGHT + 12, y + 4, "start")]


def _stroke(x: float, top: float, bottom: float, colour: str) -> Markup:
    return tag("path", {"d": f"M{x:.1f} {top:g}V{bottom:g}", "stroke": colour})


def _text(words: str, x: float, y: float, anchor: str) -> Markup:
    return tag("text", {"class": "t", "x": x, "y": y, "text-anchor": anchor}, words)
