"""``tombola list [FAMILY]``: what there is, read from the members' files; nothing heavy is imported."""

from typing import Final

import typer

from tombola.cli import completing, families
from tombola.cli.output import JSON, Table, emit
from tombola.declared import first_line

MODELS: Final = ("model", "models")
"""No family: a model is named by a resolver, see `tombola.models.source`."""

EXAMPLES: Final = ("tombola list", "tombola list schemes", "tombola list models", "tombola list recipes --json")


def list_members(
    family: str | None = typer.Argument(
        None,
        metavar="FAMILY",
        help=f"One of: {', '.join(families.PACKAGES)}, recipes, models. Without it: everything.",
        autocompletion=completing.families_and_more,
    ),
    as_json: bool = JSON,
) -> None:
    """List what there is: families, their members, recipes."""
    if family is None:
        found = _everything()
        table = Table(("", ""), [(name, ", ".join(names)) for name, names in found.items()])
        emit(as_json, found, [table])
        return
    cards = {name: first_line(card) for name, card in _cards(family).items()}
    emit(as_json, cards, [Table(("", ""), list(cards.items()))])


def _everything() -> dict[str, list[str]]:
    from tombola.models.own_names import OWN
    from tombola.recipes._lookup import recipe_names

    others = [f"{name}:..." for name in families.names("kinds") if name != "own"]
    return {
        **{name: families.names(name) for name in families.PACKAGES},
        "recipes": recipe_names(),
        "models": [*OWN, *others],
    }


def _cards(word: str) -> dict[str, str]:
    if word in families.RECIPES:
        from tombola.recipes._lookup import recipe_card, recipe_names

        return {name: recipe_card(name) for name in recipe_names()}
    if word in MODELS:
        from tombola.models.known import known_models

        return known_models()
    name = families.called(word)
    return {member: families.card(name, member) for member in families.names(name)}
