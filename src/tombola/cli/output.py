"""Results on stdout, as lines for people or as JSON for programs; everything else goes to stderr."""

import json
from collections.abc import Iterable

import typer

JSON: bool = typer.Option(False, "--json", help="Print the result as JSON.")


def emit(as_json: bool, value: object, lines: Iterable[str]) -> None:
    """Print ``value`` as JSON, or ``lines``."""
    if as_json:
        typer.echo(json.dumps(value, indent=2, allow_nan=False))
        return
    for line in lines:
        typer.echo(line)
