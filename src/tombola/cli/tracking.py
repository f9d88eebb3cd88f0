"""``--track``: trackers that keep the numbers of every training that a command runs."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Final

import typer

from tombola.cli import completing, families
from tombola.cli.commands import RUNNING
from tombola.cli.flags import Flag, flagged

TRACKED: Final[ContextVar[tuple[str, ...]]] = ContextVar("tracked", default=())
"""The trackers named, as they were typed."""

_FLAG: Final = Flag(
    list[str],
    typer.Option(
        [],
        "--track",
        metavar="TRACKER",
        help=f"Hand numbers of trainings to {families.choices('trackers')}; as tensorboard:FOLDER. May be repeated.",
        autocompletion=completing.members("trackers"),
        rich_help_panel=RUNNING,
    ),
)


def trackable(command: Callable[..., None]) -> Callable[..., None]:
    """The command with ``--track``; its reporter tells those named."""
    return flagged(command, {"track": _FLAG}, _taken)


def _taken(given: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    TRACKED.set(tuple(found["track"]))
    return given
