"""The report: one HTML file that needs nothing else, made of every figure that can be drawn from the rows."""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

from tombola.disks import written
from tombola.report.about import About
from tombola.report.axes import last_part, level, ordered
from tombola.report.curves import ReadOnce, Results, read_results
from tombola.report.figures._base import Drawn, Figure, Table
from tombola.report.headline import findings, headline
from tombola.report.markup import Markup, join, scrolled, tag
from tombola.report.numbers import percent
from tombola.report.points import base_command
from tombola.rows import Row, Scalar

LARGEST = 3_000_000
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)
_MOST_LEVELS = 8
_MOST_FINDINGS = 8


def write_report(rows: Sequence[Row], about: About | Mapping[str, Any] | None, out: Path) -> Path:
    """Write the page to ``out`` (its folder is made) and return ``out``; the rows may come in any order."""
    text = page(rows, About.of(about))
    out.parent.mkdir(parents=True, exist_ok=True)
    with written(out) as beside:
        beside.write_text(text, encoding="utf-8")
    return out


def page(rows: Sequence[Row], about: About) -> str:
    """The page's text, under `LARGEST` bytes: a figure that would not fit leaves its table out, or itself."""
    rows = ReadOnce(rows)
    results = read_results(rows, about.by)
    title = headline(results, about)
    head = head_called(_name(rows, about))
    top = _top(rows, results, about, title)
    script = tag("script", None, Markup(_resource("page.js")))
    room = LARGEST - sum(len(part.encode()) for part in (head, top, script)) - 2000
    sections = _sections(rows, about, room)
    main = tag(
        "main", {"id": "main"}, top, _contents([found for found, _ in sections]), *(text for _, text in sections)
    )
    tip = tag("div", {"id": "tip", "role": "status", "hidden": ""})
    foot = tag("footer", None, "Made by Tombola from result rows; needs no network.")
    skip = tag("a", {"class": "skip", "href": "#main"}, "Skip to the results")
    body = tag("body", None, skip, main, foot, tip, _panel(about), script)
    return f"<!doctype html>\n{tag('html', {'lang': 'en'}, head, body)}\n"


def head_called(name: str) -> Markup:
    """The head of a page of Tombola's that needs nothing else: its title, its style, and that it may load nothing."""
    return tag(
        "head",
        None,
        tag("meta", {"charset": "utf-8"}),
        tag("meta", {"http-equiv": "Content-Security-Policy", "content": _POLICY}),
        tag("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        tag("meta", {"name": "color-scheme", "content": "light dark"}),
        tag("title", None, " · ".join(part for part in ("Tombola", name) if part)),
        tag("style", None, Markup(_resource("page.css"))),
    )


def _panel(about: About) -> Markup:
    """The empty window that the script fills with the rows behind a point and the command that makes them."""
    title = tag("h2", {"id": "panel-title", "tabindex": -1})
    close = tag("button", {"type": "button", "id": "panel-close"}, "Close")
    bar = tag("div", {"class": "bar"}, title, close)
    data = {"data-command": base_command(about.commands)}
    return tag(
        "dialog", {"id": "panel", "aria-labelledby": "panel-title", **data}, bar, tag("div", {"id": "panel-body"})
    )


def drawn_figures(rows: Sequence[Row], about: About) -> list[tuple[str, Drawn]]:
    """Every figure of the family that the rows carry, by name, in the page's order."""
    members = cast(Mapping[str, type[Figure]], Figure.family.members())
    found = [(name, members[name]().draw(rows, about)) for name in sorted(members, key=lambda n: (members[n].ORDER, n))]
    return [(name, drawn) for name, drawn in found if drawn is not None]


def _contents(found: Sequence[tuple[str, str]]) -> Markup:
    """Links to the figures, where there are more than a glance takes in."""
    if len(found) < 3:
        return Markup("")
    items = [tag("li", None, tag("a", {"href": f"#{name}"}, title)) for name, title in found]
    return tag("nav", {"aria-label": "figures"}, tag("ul", None, *items))


def _sections(rows: Sequence[Row], about: About, room: int) -> list[tuple[tuple[str, str], Markup]]:
    """(name, title) and the text of every figure, in order."""
    sections: list[tuple[tuple[str, str], Markup]] = []
    for name, drawn in drawn_figures(rows, about):
        bare = Drawn(drawn.title, "", f"{drawn.caption} Left out: too large for one page.".strip())
        for attempt in (drawn, Drawn(drawn.title, drawn.fragment, f"{drawn.caption} The table is left out."), bare):
            section = _section(name, attempt)
            if len(section.encode()) <= room:
                break
        room -= len(section.encode())
        sections.append(((name, drawn.title), section))
    return sections


def _section(name: str, drawn: Drawn) -> Markup:
    heading = f"figure-{name}"
    parts = [tag("h2", {"id": heading}, drawn.title), Markup(drawn.fragment)]
    if drawn.table is not None and not drawn.fragment:
        parts.append(numbers(drawn.title, drawn.table))
    if drawn.caption:
        parts.append(tag("p", {"class": "caption"}, drawn.caption))
    if drawn.table is not None and drawn.fragment:
        count = f"{len(drawn.table.rows)} row{'s' if len(drawn.table.rows) != 1 else ''}"
        summary = tag("summary", None, f"The numbers ({count})")
        parts.append(tag("details", None, summary, numbers(drawn.title, drawn.table)))
    return tag("section", {"aria-labelledby": heading, "id": name, "data-figure": name}, *parts)


def numbers(title: str, table: Table) -> Markup:
    """A table that scrolls by itself on a narrow screen."""
    sides = ["right" if all(map(_is_number, column)) else None for column in zip(*table.rows, strict=True)]
    heads = zip(table.header, sides or [None] * len(table.header), strict=True)
    head = tag("tr", None, *(tag("th", {"scope": "col", "class": side}, name) for name, side in heads))
    body = [
        tag("tr", None, *(tag("td", {"class": side}, cell) for cell, side in zip(row, sides, strict=True)))
        for row in table.rows
    ]
    inner = tag("table", {"class": "numbers"}, tag("thead", None, head), tag("tbody", None, *body))
    return scrolled(f"{title}: the numbers", inner)


def _is_number(cell: str) -> bool:
    return cell.lstrip("+-−")[:1].isdigit() or cell == "–"


def _top(rows: Sequence[Row], results: Results, about: About, title: str) -> Markup:
    name = " · ".join(part for part in ("Tombola", _name(rows, about)) if part)
    button = tag("button", {"type": "button", "id": "theme", "hidden": ""}, "Light or dark")
    bar = tag("div", {"class": "bar"}, tag("p", {"class": "eyebrow"}, name), button)
    ask = [tag("p", {"class": "ask"}, about.title)] if about.title else []
    return tag("header", None, bar, tag("h1", None, title), *ask, _finding_list(results), _facts(rows, results))


def _finding_list(results: Results) -> Markup:
    found = findings(results)
    if not found:
        return Markup("")
    items = [join(tag("dt", None, where), tag("dd", None, who)) for where, who in found[:_MOST_FINDINGS]]
    more = len(found) - len(items)
    note = [tag("p", {"class": "caption"}, f"{more} more settings are in the table of winners.")] if more > 0 else []
    return join(tag("dl", {"class": "findings"}, *items), *note)


def _facts(rows: Sequence[Row], results: Results) -> Markup:
    """What was varied and what was not, as small facts."""
    axes = results.axes
    facts = {name: _levels([place.panel[k] for place in results.places]) for k, name in enumerate(axes.panels)}
    if axes.colour:
        facts = {axes.colour: _levels(results.colours), **facts}
    if axes.sparsity:
        facts[axes.sparsity] = _listed([percent(s) for s in results.sparsities])
    facts |= {name: level(value) for name, value in axes.fixed.items()}
    if results.seeds:
        facts["seeds"] = str(len(results.seeds))
        if samples := [row.samples for row in rows if row.samples]:  # none stand behind what is told of a ticket
            facts["test samples"] = _levels(samples)
    items = [tag("div", None, tag("dt", None, last_part(name)), tag("dd", None, text)) for name, text in facts.items()]
    return tag("dl", {"class": "facts"}, *items) if items else Markup("")


def _levels(values: Sequence[Scalar]) -> str:
    return _listed([level(value) for value in ordered(values)])


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_LEVELS
    return ", ".join(names[:_MOST_LEVELS]) + (f" and {more} more" if more > 0 else "")


def _name(rows: Sequence[Row], about: About) -> str:
    return about.name or " and ".join(sorted({row.study for row in rows if row.study}))


def _resource(name: str) -> str:
    return files("tombola.report").joinpath(name).read_text(encoding="utf-8")
