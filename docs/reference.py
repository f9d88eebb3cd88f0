"""Writes docs/reference/: a page a family, from cards and options, and a page a recipe. Run by `make docs`."""

import inspect
from pathlib import Path

from tombola.cli.families import PACKAGES, SPECS, family, spec
from tombola.recipes._lookup import recipe, recipe_card, recipe_choices, recipe_names
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
    recipes(out / "recipes")
    links = "\n".join(f"- [{name}]({name}.md): {', '.join(family(name).names()) or 'none yet'}" for name in PACKAGES)
    specs = ", ".join(f"[{name}]({name}.md)" for name in SPECS)
    head = "Made from the code: each member's card and its options."
    text = f"# Reference\n\n{head}\n\nOptions without a family: {specs}. [Recipes](recipes/index.md).\n\n{links}\n"
    (out / "index.md").write_text(text, encoding="utf-8")


def recipes(out: Path) -> None:
    """A page a recipe: its card, what it takes, and the study it is as nothing else is said."""
    out.mkdir(exist_ok=True)
    links = []
    for name in recipe_names():
        title, _, rest = recipe_card(name).partition("\n")
        (out / f"{name.replace('/', '-')}.md").write_text(recipe_page(name, title, rest), encoding="utf-8")
        links.append(f"- [{name}]({name.replace('/', '-')}.md): {title}")
    head = "Studies with a name: `tombola plan NAME`, `tombola run NAME`. A file in `recipes/` of a folder on"
    text = f"# Recipes\n\n{head} `TOMBOLA_PATH` is one more.\n\n" + "\n".join(links) + "\n"
    (out / "index.md").write_text(text, encoding="utf-8")


def recipe_page(name: str, title: str, rest: str) -> str:
    """One recipe."""
    choices = " --set scale=small" if "scale" in recipe_choices(name) else ""
    taken = [
        f"- `{key}`: {' or '.join(f'`{value}`' for value in choice.values)}; `{choice.default}` if not set"
        for key, choice in recipe_choices(name).items()
    ]
    parts = [f"# {name}", f"**{title}**", "\n\n".join(paragraphs(rest)), *(["\n".join(taken)] if taken else [])]
    parts.append(f"```\ntombola plan {name}\ntombola run {name}{choices} --runner processes:2\n```")
    parts.append(f"The study as a file:\n\n```yaml\n{recipe(name).as_yaml()}```")
    return "\n\n".join(parts) + "\n"


def paragraphs(card: str) -> list[str]:
    """The card's ``Word: text`` entries, each on one line with its word set off."""
    lines: list[str] = []
    for line in card.strip().splitlines():
        if line.startswith(" "):
            lines[-1] += f" {line.strip()}"
        else:
            word, colon, text = line.partition(": ")
            lines.append(f"*{word}:* {text}" if colon else line)
    return lines


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
