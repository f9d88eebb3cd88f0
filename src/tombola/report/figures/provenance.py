"""What was run with which versions on what kind of machine, and how to run it again.

What: the commands to copy, the versions, the machine, the study file.
When: the report is told any of these.
Cost: nothing.
Options: none.
Reference: none.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from tombola.report.about import About
from tombola.report.axes import level
from tombola.report.figures._base import Drawn, Figure
from tombola.report.markup import Markup, join, tag
from tombola.rows import Row


class Provenance(Figure):
    """How these numbers came about."""

    ORDER: ClassVar[int] = 90

    def draw(self, rows: Sequence[Row], about: About) -> Drawn | None:
        machine = {name: level(value) for name, value in about.machine.items()}
        parts = [
            *_commands(about.commands),
            *_pairs("Versions", about.versions),
            *_pairs("Machine", machine),
            *_pairs("Also recorded", about.further()),
        ]
        study = _study(about.study)
        if not parts and not study:
            return None
        return Drawn("How this was made", join(tag("div", {"class": "made"}, *parts), *study))


def _commands(commands: Sequence[str]) -> list[Markup]:
    if not commands:
        return []
    text = tag("pre", {"tabindex": 0}, tag("code", None, "\n".join(commands)))
    button = tag("button", {"type": "button", "class": "copy", "hidden": ""}, "Copy")
    return [tag("div", {"class": "wide"}, tag("h3", None, "Run it again"), tag("div", {"class": "code"}, text, button))]


def _pairs(title: str, pairs: Mapping[str, str]) -> list[Markup]:
    if not pairs:
        return []
    body = [tag("tr", None, tag("th", {"scope": "row"}, name), tag("td", None, text)) for name, text in pairs.items()]
    return [tag("div", None, tag("h3", None, title), tag("table", {"class": "plain"}, tag("tbody", None, *body)))]


def _study(text: str) -> list[Markup]:
    if not text.strip():
        return []
    code = tag("pre", {"tabindex": 0}, tag("code", None, text.strip("\n")))
    return [tag("details", None, tag("summary", None, "The study file"), tag("div", {"class": "code"}, code))]
