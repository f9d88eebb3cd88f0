"""The command line's page, from its own parser: what `--help` says, with every option in a table."""

import inspect
import re
from collections.abc import Iterator
from typing import Any

from reference_cards import cell, plain
from typer.main import get_command

from tombola.cli.main import app

HEAD = """# The command line

Every command as its `--help` has it. Options of a scheme, a task, a model or a fit are set by path, as in
`--set fit.epochs=3ep`. Their names stand on the members' pages ([reference](index.md)), and `tombola show scheme imp`
prints them. Exit codes: 0 done, 1 a stage failed, 2 the request is wrong, 3 partly done: the same command continues.
"""


def page() -> str:
    """A section a command."""
    sections = [_section(name, command) for name, command in _commands(get_command(app), "tombola")]
    return "\n".join([HEAD, *sections])


def _commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Every command that does something, groups opened."""
    if hasattr(command, "commands"):
        for part, below in command.commands.items():
            yield from _commands(below, f"{name} {part}")
    else:
        yield name, command


def _section(name: str, command: Any) -> str:
    context = command.context_class(command, info_name=name)
    usage = " ".join(command.get_usage(context).removeprefix("Usage: ").split())
    said = "\n\n".join(map(_paragraph, re.split(r"\n\s*\n", inspect.cleandoc(command.help or "").replace("\b\n", ""))))
    rows = [row for option in command.params if not option.hidden for row in _row(option, context)]
    table = "\n".join(["| given | what it does |", "|---|---|", *rows]) if rows else ""
    return f"## {name}\n\n{said}\n\n```text\n{usage}\n```\n\n{table}\n"


def _paragraph(text: str) -> str:
    """As it is; lines that are commands or set in are shown as such."""
    lines = text.splitlines()
    if all(line.startswith((" ", "tombola ", "$ ")) for line in lines):
        return "```text\n" + inspect.cleandoc(text) + "\n```"
    return plain(" ".join(line.strip() for line in lines))


def _row(option: Any, context: Any) -> Iterator[str]:
    """Its names with what it takes, and its help, as `--help` prints them."""
    record = option.get_help_record(context)
    if record is not None and option.name != "help":
        names, told = record
        yield f"| `{cell(' '.join(names.split()))}` | {cell(plain(' '.join(told.split())))} |"
