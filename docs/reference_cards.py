"""A family's page: each member's card as it is written, and a table of its options."""

import inspect
import re

from tombola.cli.families import spec
from tombola.registry import Family
from tombola.spec import Spec, options_of


def family_page(members: Family) -> str:
    """Every member of a family."""
    parts = [f"# {members.name.replace('_', ' ').capitalize()}\n"]
    parts += [f"## {name}\n\n{card(members.card(name))}\n\n{table(members.get(name))}" for name in members.names()]
    return "\n".join(parts)


def spec_page(name: str) -> str:
    """Options that belong to no family."""
    return f"# {name.capitalize()}\n\n{plain(inspect.getdoc(spec(name)) or '')}\n\n{table(spec(name))}"


def card(text: str) -> str:
    """The title, then ``Word: text`` entries, a paragraph each with its word set off."""
    title, _, rest = text.strip().partition("\n")
    return "\n\n".join([plain(title), *map(plain, entries(rest))])


def entries(text: str) -> list[str]:
    """The entries of a card: a line that is set in belongs to the one before."""
    lines: list[str] = []
    for line in text.strip().splitlines():
        if line.startswith(" ") and lines:
            lines[-1] += f" {line.strip()}"
        elif line.strip():
            word, colon, rest = line.partition(": ")
            lines.append(f"**{word}:** {rest}" if colon and word.isalpha() else line)
    return lines


def plain(text: str) -> str:
    """The marks of docstrings as Markdown's: one backtick for two, and nothing that reads as HTML outside of code."""
    text = text.replace("``", "`")
    return "".join(part if part.startswith("`") else part.replace("<", "&lt;") for part in re.split(r"(`[^`]*`)", text))


def table(owner: type[Spec]) -> str:
    """The options of a spec as a Markdown table."""
    options = options_of(owner)
    if not options:
        return "No options.\n"
    rows = [f"| `{o.name}` | {cell(o.kind)} | `{cell(o.default)}` | {cell(plain(o.help))} |" for o in options]
    return "\n".join(["| option | type | default | what it does |", "|---|---|---|---|", *rows, ""])


def cell(text: str) -> str:
    """Text that does not end its table cell."""
    return text.replace("|", "\\|").replace("\n", " ")
