"""The command ``tombola``: the list of its commands, and what an error looks like on the terminal.

Exit codes: 0 done, 1 a stage failed, 2 the request is wrong, 3 partly done and resumable.
"""

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from tombola import __version__
from tombola.cli import (
    adopt,
    bench,
    draw,
    export,
    listing,
    measure,
    pretrain,
    report,
    run,
    show,
    store,
    transfer,
    verdict,
)
from tombola.errors import TombolaError

INTERRUPTED = 3


class Commands(TyperGroup):
    """Commands in the order of a working day; errors of ours become one message and an exit code."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except TombolaError as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt:
            typer.echo("interrupted; what was finished is kept, the same command continues", err=True)
            raise typer.Exit(INTERRUPTED) from None


app = typer.Typer(
    cls=Commands,
    name="tombola",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Draw the sparse subnetwork that transfers best to your task, prove what it kept, ship it.",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tombola {__version__}")
        raise typer.Exit


@app.callback()
def tombola(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """Draw the sparse subnetwork that transfers best to your task, prove what it kept, ship it."""
    del version


app.command("run")(run.run)
app.command("plan")(run.plan)
app.command("status")(run.status)
app.command("report")(report.report)
app.command("verdict")(verdict.verdict)
app.command("pretrain")(pretrain.pretrain)
app.command("draw")(draw.draw)
app.command("adopt")(adopt.adopt)
app.command("transfer")(transfer.transfer)
app.command("measure")(measure.measure)
app.command("export")(export.export)
app.command("bench")(bench.bench)
app.command("list")(listing.list_members)
app.command("show")(show.show)
app.add_typer(store.app, name="store")


def main() -> None:
    """Run the command line of this process."""
    sys.exit(app())
