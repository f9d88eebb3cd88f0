"""``tombola list [FAMILY]``: what there is."""

import typer

from tombola.cli import families
from tombola.cli.output import JSON, emit


def list_members(
    family: str | None = typer.Argument(None, help=f"One of: {', '.join(families.PACKAGES)}. Without it: all."),
    as_json: bool = JSON,
) -> None:
    """List the members of a family, or all families."""
    if family is None:
        found = {name: families.choices(name) for name in families.PACKAGES}
        emit(as_json, {name: text.split(", ") if text else [] for name, text in found.items()}, _lines(found))
        return
    members = families.family(family)
    cards = {name: _first_line(members.card(name)) for name in members.names()}
    emit(as_json, cards, _lines(cards))


def _lines(table: dict[str, str]) -> list[str]:
    width = max((len(name) for name in table), default=0)
    return [f"{name:<{width}}  {text}" for name, text in table.items()]


def _first_line(card: str) -> str:
    return card.strip().partition("\n")[0]
