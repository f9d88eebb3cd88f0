"""``tombola show scheme omp``: a member's card. ``tombola show x.ticket``: what a ticket keeps."""

import inspect
from pathlib import Path
from typing import Final

import typer

from tombola.cli import completing, families
from tombola.cli.output import JSON, Part, Table, emit
from tombola.cli.ticket_page import page
from tombola.declared import OptionText
from tombola.errors import RequestError, listed

EXAMPLES: Final = ("tombola show x.ticket", "tombola show scheme imp", "tombola show fit", "tombola show recipe demo")


def show(
    what: str = typer.Argument(
        metavar="WHAT",
        help="A .ticket file; a family (scheme, attack, recipe, ...); or fit, model, study.",
        autocompletion=completing.either(completing.shown, completing.files(completing.TICKETS)),
    ),
    name: str | None = typer.Argument(
        None, metavar="NAME", help="With a family: the member's name.", autocompletion=completing.named
    ),
    as_json: bool = JSON,
) -> None:
    """Show a ticket, or the card of a scheme, an attack, a task."""
    if name is not None:
        _show_member(what, name, as_json)
    elif what in families.SPECS:
        _show_spec(what, as_json)
    elif what.endswith(".ticket") or Path(what).exists():
        _show_ticket(Path(what), as_json)
    else:
        raise RequestError(_which(what))


def _which(word: str) -> str:
    """What to write instead of a family's name alone, or of a file that is not there."""
    if "/" in word or "." in word:
        return f"{word}: no such file"
    if word in families.RECIPES:
        return "which recipe? write tombola show recipe demo, or another that tombola list recipes names"
    names = families.names(families.called(word))
    return f"which {word}? write tombola show {word} {names[0]} (there are: {listed(names)})"


def _show_member(word: str, name: str, as_json: bool) -> None:
    if word in families.RECIPES:
        _show_recipe(name, as_json)
        return
    family = families.called(word)
    card, options = families.card(family, name), families.options(family, name)
    value = {"name": name, "family": family, "card": card, "options": [vars(option) for option in options]}
    emit(as_json, value, [card, "", *option_parts(options)])


def _show_recipe(name: str, as_json: bool) -> None:
    from tombola.recipes._lookup import recipe_card, recipe_choices

    card, choices = recipe_card(name), recipe_choices(name)
    lines = [f"  {key}={'|'.join(choice.values)} (default {choice.default})" for key, choice in choices.items()]
    value = {"name": name, "family": "recipes", "card": card, "choices": {k: vars(c) for k, c in choices.items()}}
    emit(as_json, value, [card, *(["", "It takes (with --set):", *lines] if lines else [])])


def _show_spec(word: str, as_json: bool) -> None:
    from tombola.spec import options_of

    spec = families.spec(word)
    card, options = inspect.getdoc(spec) or "", options_of(spec)
    value = {"name": word, "card": card, "options": [vars(option) for option in options]}
    emit(as_json, value, [card, "", *option_parts(options)])


def option_parts(options: list[OptionText]) -> list[Part]:
    """A row an option: name, type and bounds, default, help."""
    if not options:
        return ["No options."]
    rows = [(option.name, option.kind, option.default, option.help) for option in options]
    return ["Options (set with --set NAME=VALUE):", Table(("option", "type", "default", "what it does"), rows)]


def _show_ticket(path: Path, as_json: bool) -> None:
    from tombola.tickets.table import summarise

    summary = summarise(path)
    first, *rest = page(summary)
    emit(as_json, summary.as_json(), [f"{path}: {first}", *rest])
