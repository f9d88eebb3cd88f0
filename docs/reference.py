"""Writes docs/reference/: the command line, Python, a page a family from cards and options, a page a recipe.

Run by `make docs`; nothing there is written by hand.
"""

from pathlib import Path

import reference_cards
import reference_cli
import reference_python
import reference_recipes

from tombola.cli.families import PACKAGES, SPECS, family

HEAD = """# Reference

Made from the code, so it says what this version does.

- [The command line](cli.md): every command, its arguments and options.
- [Python](python.md): the public names of `tombola`.
- [Recipes](recipes/index.md): studies with a name.
- Options that belong to no family: {specs}.

## Families
A member is one file. Its card says what it is, when to take it and what it costs; `tombola show` prints the same.

| family | members |
|---|---|
{families}
"""


def main() -> None:
    """Write every page."""
    out = Path(__file__).parent / "reference"
    (out / "recipes").mkdir(parents=True, exist_ok=True)
    pages = {f"{name}.md": reference_cards.family_page(family(name)) for name in PACKAGES}
    pages |= {f"{name}.md": reference_cards.spec_page(name) for name in SPECS}
    pages |= {f"recipes/{name}": text for name, text in reference_recipes.pages().items()}
    pages |= {"cli.md": reference_cli.page(), "python.md": reference_python.page(), "index.md": index()}
    for name, text in pages.items():
        (out / name).write_text(text, encoding="utf-8")


def index() -> str:
    """The way in."""
    members = {name: ", ".join(f"[{m}]({name}.md#{m})" for m in family(name).names()) for name in PACKAGES}
    lines = "\n".join(f"| [{name}]({name}.md) | {found or 'none yet'} |" for name, found in members.items())
    specs = ", ".join(f"[{name}]({name}.md)" for name in SPECS)
    return HEAD.format(specs=specs, families=lines)


if __name__ == "__main__":
    main()
