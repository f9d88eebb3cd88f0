"""What a shell may complete: members of families, models, recipes, files by their ending. Nothing heavy is imported.

Where nothing is offered, the shell completes files as it does for any program.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import typer

from tombola.cli import families
from tombola.finding import singular

TICKETS: Final = (".ticket",)
STUDIES: Final = (".yaml", ".yml")


def members(*names: str) -> Callable[[str], list[str]]:
    """Members of these families."""

    def complete(incomplete: str) -> list[str]:
        return [name for family in names for name in families.names(family) if name.startswith(incomplete)]

    return complete


def either(*ways: Callable[[str], list[str]]) -> Callable[[str], list[str]]:
    """What any of these offers."""

    def complete(incomplete: str) -> list[str]:
        return list(dict.fromkeys(found for way in ways for found in way(incomplete)))

    return complete


def files(suffixes: Sequence[str]) -> Callable[[str], list[str]]:
    """Files that end so, and folders on the way."""

    def complete(incomplete: str) -> list[str]:
        folder, slash, begun = incomplete.rpartition("/")
        found = sorted(path for path in Path(f"{folder}{slash}" or ".").glob("*") if path.name.startswith(begun))
        return [
            f"{folder}{slash}{path.name}{'/' if path.is_dir() else ''}"
            for path in found
            if path.is_dir() or path.suffix in suffixes
        ]

    return complete


def models(incomplete: str) -> list[str]:
    """Nets of Tombola's own by name, and the beginnings of others'."""
    from tombola.models.own_names import OWN

    known = [*OWN, *(f"{kind}:" for kind in families.names("kinds") if kind != "own")]
    return [name for name in known if name.startswith(incomplete)]


def recipes(incomplete: str) -> list[str]:
    """Recipes."""
    from tombola.recipes._lookup import recipe_names

    return [name for name in recipe_names() if name.startswith(incomplete)]


def shown(incomplete: str) -> list[str]:
    """What ``tombola show`` takes before a name: families in the singular, and what else has options."""
    words = [*map(singular, families.PACKAGES), "recipe", *families.SPECS]
    return [word for word in words if word.startswith(incomplete)]


def families_and_more(incomplete: str) -> list[str]:
    """What ``tombola list`` takes."""
    return [name for name in (*families.PACKAGES, "recipes", "models") if name.startswith(incomplete)]


def named(ctx: typer.Context, incomplete: str) -> list[str]:
    """Members of the family that stands before."""
    what = ctx.params.get("what")
    if what in families.RECIPES:
        return recipes(incomplete)
    known = {word: name for name in families.PACKAGES for word in (name, singular(name))}
    return members(known[what])(incomplete) if what in known else []
