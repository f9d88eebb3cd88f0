"""``tombola show scheme omp``: a member's card. ``tombola show x.ticket``: what a ticket keeps."""

import inspect
from pathlib import Path

import typer

from tombola.cli import families
from tombola.cli.output import JSON, emit
from tombola.errors import RequestError
from tombola.spec import OptionText, options_of


def show(
    what: str = typer.Argument(help="A .ticket file; a family (scheme, attack, ...); or fit, model, study."),
    name: str | None = typer.Argument(None, help="With a family: the member's name."),
    as_json: bool = JSON,
) -> None:
    """Show a ticket's counts, lineage and size, or the card of a scheme, attack, task, ..."""
    if name is not None:
        _show_member(what, name, as_json)
    elif what in families.SPECS:
        _show_spec(what, as_json)
    elif what.endswith(".ticket") or Path(what).exists():
        _show_ticket(Path(what), as_json)
    else:
        family = families.family(what)
        raise RequestError(f"which {family.singular}? write 'tombola show {what} NAME', NAME one of {family.names()}")


def _show_member(word: str, name: str, as_json: bool) -> None:
    if word in families.RECIPES:
        _show_recipe(name, as_json)
        return
    family = families.family(word)
    options = options_of(family.get(name))
    card = family.card(name)
    value = {"name": name, "family": family.name, "card": card, "options": [vars(option) for option in options]}
    emit(as_json, value, [card, "", *option_lines(options)])


def _show_recipe(name: str, as_json: bool) -> None:
    from tombola.recipes._lookup import recipe_card, recipe_choices

    card, choices = recipe_card(name), recipe_choices(name)
    lines = [f"  {key}={'|'.join(choice.values)} (default {choice.default})" for key, choice in choices.items()]
    value = {"name": name, "family": "recipes", "card": card, "choices": {k: vars(c) for k, c in choices.items()}}
    emit(as_json, value, [card, *(["", "It takes (with --set):", *lines] if lines else [])])


def _show_spec(word: str, as_json: bool) -> None:
    spec = families.spec(word)
    card, options = inspect.getdoc(spec) or "", options_of(spec)
    value = {"name": word, "card": card, "options": [vars(option) for option in options]}
    emit(as_json, value, [card, "", *option_lines(options)])


def option_lines(options: list[OptionText]) -> list[str]:
    """One line an option: name, type and bounds, default, help."""
    if not options:
        return ["No options."]
    heads = [f"{option.name} ({option.kind}; default {option.default})" for option in options]
    width = min(max(map(len, heads)), 60)
    return ["Options (set with --set NAME=VALUE):"] + [
        f"  {head:<{width}}  {option.help}" for head, option in zip(heads, options, strict=True)
    ]


def _show_ticket(path: Path, as_json: bool) -> None:
    from tombola.tickets.table import summarise

    summary = summarise(path)
    emit(as_json, summary.as_json(), [summary.text()])
