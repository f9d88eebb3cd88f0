"""Pictures from rows alone, drawn as the reports' are: what each prior of a decided claim reaches, with the floor."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from results.evidence.judged import Judged
from results.evidence.wording import p_of, told_of

from tombola.colours import INK, LINE, QUIET, TONES
from tombola.report.chart import HEIGHT, WIDTH, draw_panel
from tombola.report.curves import Measure, Panel, Results, read_results
from tombola.report.lines import Frame, Look, frame_of, series_of
from tombola.report.markup import Markup, tag
from tombola.report.numbers import percent
from tombola.rows import Row

_TOP: Final = 46.0
_GAP: Final = 24.0
_TEXT: Final = 640.0
_FONT: Final = "font-family:system-ui,sans-serif"

STYLE: Final = "".join([
    "svg{overflow:visible}",
    f".t{{{_FONT};font-size:12.2px;fill:{QUIET}}}.big{{{_FONT};font-size:15px;font-weight:600;fill:{INK}}}",
    f".grid{{stroke:{LINE};fill:none}}.base{{stroke:{QUIET};fill:none}}.hit,.cross{{display:none}}",
    ".curve{stroke-width:2.2;fill:none}.band{opacity:.15}.seed{stroke-width:4.4;stroke-linecap:round;opacity:.5}",
    ".bar{stroke-width:1.6;fill:none}.mean{stroke:white;stroke-width:1.2}.end{font-weight:600}",
    ".dense{stroke-width:1;stroke-dasharray:2 4;fill:none}.d1 .curve{stroke-dasharray:7 4}",
    *(
        f".c{tone} .curve,.c{tone} .seed,.c{tone} .bar,.dense.c{tone}{{stroke:{colour}}}"
        f".c{tone} .band,.c{tone} .mean,.end.c{tone}{{fill:{colour}}}"
        for tone, colour in enumerate(TONES)
    ),
])  # fmt: skip
"""Of what `tombola.report.chart` draws, without a page around it."""


def pictures(found: Sequence[Judged], rows: Mapping[str, Sequence[Row]]) -> dict[str, str]:
    """The text of each decided claim's picture, by the name of its file; ``rows`` are each claim's, by its name."""
    return {file_of(one): picture(one, rows[one.claim.name]) for one in found if one.stands and one.finding.leads}


def file_of(one: Judged) -> str:
    """What the picture of a claim is called."""
    return "-".join(one.claim.name.lower().replace(",", "").replace(":", "").split()) + ".svg"


def picture(one: Judged, rows: Sequence[Row]) -> str:
    """A panel for each setting over all sparsities: means, one standard deviation, seeds; the effect above them."""
    name, lead = next(iter(one.finding.leads.items()))
    results = _results(one, rows)
    panels = _panels(results)
    width = max(len(panels) * (WIDTH + _GAP) - _GAP, _TEXT)
    told = f"{name}: {told_of(lead)} points, Holm's p {p_of(one.p)}, over the cells that the rule names"
    texts = [_text(f"{one.claim.name}: {one.verdict}", 16, "big"), _text(told, 34)]
    places = [
        tag("svg", {"x": k * (WIDTH + _GAP), "y": _TOP, "width": WIDTH, "height": HEIGHT + 20}, panel)
        for k, panel in enumerate(panels)
    ]
    return svg(width, _TOP + HEIGHT + 20, *texts, *places)


def svg(width: float, height: float, *parts: str) -> str:
    """A whole file, on white."""
    box = {"xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {width:g} {height:g}", "width": width}
    paper = tag("rect", {"width": width, "height": height, "fill": "white"})
    return tag("svg", box, tag("style", None, Markup(STYLE)), paper, *parts) + "\n"


def _results(one: Judged, rows: Sequence[Row]) -> Results:
    """Of the claim's metric, with controls in the same panels; those that lack one of its axes are left out."""
    shown = [row for row in rows if row.metric == one.finding.metric]
    axes = list(shown[0].cell)
    for row in one.controls:
        if row.metric == one.finding.metric and row not in shown and set(axes) <= set(row.cell):
            cell = {axis: row.cell[axis] for axis in axes}
            shown.append(row.model_copy(update={"cell": cell, "study": shown[0].study}))
    return read_results(shown, "prior" if "prior" in axes else "")


def _panels(results: Results) -> list[Markup]:
    look = Look(results.sparsities, percent, "of the weights pruned")
    found: list[Markup] = []
    for measure in results.measures:
        settings = results.panels_of(measure)
        frame = frame_of(results, look, measure, [*settings])
        if frame is not None:
            found += [_panel(results, look, measure, panel, title, frame) for panel, title in settings.items()]
    return found


def _panel(results: Results, look: Look, measure: Measure, panel: Panel, title: str, frame: Frame) -> Markup:
    series = [replace(line, ids=()) for line in series_of(results, look, measure, panel)]
    said = ", ".join(filter(None, (measure.label, title, measure.unit)))
    drawn = tag("svg", {"y": 18, "width": WIDTH, "height": HEIGHT}, draw_panel(series, frame, said))
    return tag("g", None, _text(said, 12), drawn)


def _text(words: str, y: float, kind: str = "") -> Markup:
    return tag("text", {"class": f"t {kind}".strip(), "x": 0, "y": y}, words)
