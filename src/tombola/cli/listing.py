"""``tombola list [FAMILY]``: what there is."""

from typing import Final

import typer

from tombola.cli import families
from tombola.cli.output import JSON, emit

MODELS: Final = ("model", "models")
"""No family: a model is named by a resolver, see `tombola.models.source`."""


def list_members(
    family: str | None = typer.Argument(
        None, help=f"One of: {', '.join(families.PACKAGES)}, recipes, models. Without it: all families."
    ),
    as_json: bool = JSON,
) -> None:
    """List the members of a family, or all families."""
    if family is None:
        found = {name: families.choices(name) for name in families.PACKAGES}
        emit(as_json, {name: text.split(", ") if text else [] for name, text in found.items()}, _lines(found))
        return
    cards = {name: _first_line(card) for name, card in _cards(family).items()}
    emit(as_json, cards, _lines(cards))


def _cards(word: str) -> dict[str, str]:
    if word in families.RECIPES:
        from tombola.recipes._lookup import recipe_card, recipe_names

        return {name: recipe_card(name) for name in recipe_names()}
    if word in MODELS:
        from tombola.models.known import known_models

        return known_models()
    members = families.family(word)
    return {name: members.card(name) for name in members.names()}


def _lines(table: dict[str, str]) -> list[str]:
    width = max((len(name) for name in table), default=0)
    return [f"{name:<{width}}  {text}" for name, text in table.items()]


def _first_line(card: str) -> str:
    return card.strip().partition("\n")[0]
