"""Writes docs/reference/: one page a family, made from the members' cards and options. Run by `make docs`."""

import inspect
from pathlib import Path

from tombola.cli.families import PACKAGES, SPECS, family, spec
from tombola.registry import Family
from tombola.spec import Spec, options_of


def main() -> None:
    """Write every page."""
    out = Path(__file__).parent / "reference"
    out.mkdir(exist_ok=True)
    for name in PACKAGES:
        (out / f"{name}.md").write_text(page(family(name)), encoding="utf-8")
    for name in SPECS:
        text = f"# {name.capitalize()}\n\n{inspect.getdoc(spec(name))}\n\n{table(spec(name))}"
        (out / f"{name}.md").write_text(text, encoding="utf-8")
    links = "\n".join(f"- [{name}]({name}.md): {', '.join(family(name).names()) or 'none yet'}" for name in PACKAGES)
    specs = ", ".join(f"[{name}]({name}.md)" for name in SPECS)
    head = "Made from the code: each member's card and its options."
    text = f"# Reference\n\n{head}\n\nOptions without a family: {specs}.\n\n{links}\n"
    (out / "index.md").write_text(text, encoding="utf-8")


def page(members: Family) -> str:
    """A family's page: each member's card, and a table of its options."""
    parts = [f"# {members.name.capitalize()}\n"]
    for name in members.names():
        card = members.card(name).replace("\n", "  \n")
        parts.append(f"## {name}\n\n{card}\n\n{table(members.get(name))}")
    return "\n".join(parts)


def table(owner: type[Spec]) -> str:
    """The options of a spec as a Markdown table."""
    options = options_of(owner)
    if not options:
        return "No options.\n"
    rows = [f"| `{o.name}` | {cell(o.kind)} | `{cell(o.default)}` | {cell(o.help)} |" for o in options]
    return "\n".join(["| option | type | default | what it does |", "|---|---|---|---|", *rows, ""])


def cell(text: str) -> str:
    """Text that does not end its table cell."""
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    main()
