"""Results on stdout, as lines and tables for people or as JSON for programs; everything else goes to stderr.

Colours and drawn tables are for terminals; what is piped is plain, and so is everything where ``NO_COLOR`` is set.
"""

import json
import os
import sys
from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final, TextIO, TypeAlias

import typer

JSON: bool = typer.Option(False, "--json", help="The result as JSON.", rich_help_panel="Output")

QUIET: Final[ContextVar[bool]] = ContextVar("quiet", default=False)
"""Whether progress, notes and summaries are left out."""


@dataclass(frozen=True)
class Table:
    """Rows of texts under headings, or under none; columns named in ``right`` are of numbers."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: Sequence[str] = ()

    def plain(self) -> list[str]:
        """Lines with their columns aligned, nothing drawn."""
        lines = [*([self.headings] if any(self.headings) else []), *self.rows]
        widths = [max((len(line[place]) for line in lines), default=0) for place in range(len(self.headings))]
        return ["  ".join(map(self._cell, self.headings, line, widths)).rstrip() for line in lines]

    def _cell(self, heading: str, text: str, width: int) -> str:
        return text.rjust(width) if heading in self.right else text.ljust(width)

    def drawn(self) -> Any:
        """As rich draws tables."""
        from rich import box
        from rich.table import Table as Drawn
        from rich.text import Text

        table = Drawn(box=box.SIMPLE_HEAD, pad_edge=False, show_header=any(self.headings))
        for heading in self.headings:
            table.add_column(heading, justify="right" if heading in self.right else "left", overflow="fold")
        for row in self.rows:
            table.add_row(*map(Text, row))
        return table


Part: TypeAlias = str | Table


def emit(as_json: bool, value: object, parts: Iterable[Part]) -> None:
    """Print ``value`` as JSON, or lines and tables."""
    if as_json:
        typer.echo(json.dumps(value, indent=2, allow_nan=False))
        return
    for part in parts:
        if isinstance(part, str):
            typer.echo(part)
        elif coloured(sys.stdout):
            _console().print(part.drawn())
        else:
            typer.echo("\n".join(part.plain()))


def summarised(as_json: bool, value: object, parts: Iterable[Part]) -> None:
    """The same of what is in a file anyway: nothing where ``--quiet`` is given, but JSON that was asked for."""
    emit(as_json, value, [] if QUIET.get() else parts)


def coloured(stream: TextIO) -> bool:
    """Whether a stream is a terminal that may be coloured: https://no-color.org."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def styled(text: str, *, on: TextIO | None = None, **style: Any) -> str:
    """The text in a style where the stream (stdout) is coloured, else as it is."""
    return typer.style(text, **style) if coloured(sys.stdout if on is None else on) else text


def _console() -> Any:
    from rich.console import Console

    return Console(highlight=False)
