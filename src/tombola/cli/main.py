"""The command ``tombola``: the list of its commands, and what an error looks like on the terminal.

Exit codes: 0 done, 1 a stage failed, 2 the request is wrong, 3 partly done and resumable. An error is one message on
stderr that begins with ``error:``, whoever found it: Tombola, the parser of the command line, or the file system.
"""

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import typer
from typer.core import TyperGroup

from tombola import __version__
from tombola.cli import (
    adopt,
    bench,
    draw,
    export,
    listing,
    make,
    measure,
    predict,
    pretrain,
    report,
    run,
    show,
    store,
    transfer,
    verdict,
)
from tombola.errors import TombolaError, readable

FAILED: Final = 1
WRONG: Final = 2
INTERRUPTED: Final = 3

_UsageError: Final[Any] = typer.BadParameter.__bases__[0]  # click's, which typer brings in a package of its own
_WRONG_PATH: Final = {
    errno.EACCES, errno.EEXIST, errno.EINVAL, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOENT,
    errno.ENOTDIR, errno.EPERM, errno.EROFS,
}  # fmt: skip


class Commands(TyperGroup):
    """Commands in the order of a working day; errors of ours become one message and an exit code."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.commands)

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        with _told():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: Any) -> Any:
        with _told():
            return super().invoke(ctx)


@contextmanager
def _told() -> Iterator[None]:
    """What goes wrong inside for reasons we know is told in one message, with its exit code."""
    try:
        yield
    except TombolaError as error:
        raise _error(str(error), error.exit_code) from error
    except _UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # no mistake: it shows the help
            raise
        raise _error(_misused(error), WRONG) from error
    except OSError as error:
        if error.filename is None:  # a closed pipe, say: typer knows what to do
            raise
        code = WRONG if error.errno in _WRONG_PATH else FAILED
        raise _error(f"{error.filename}: {error.strerror}", code) from error
    except KeyboardInterrupt:
        typer.echo("interrupted; what was finished is kept, the same command continues", err=True)
        raise typer.Exit(INTERRUPTED) from None


def _error(message: str, code: int) -> typer.Exit:
    typer.echo(f"error: {readable(message)}", err=True)
    return typer.Exit(code)


def _misused(error: Any) -> str:
    """What the parser of the command line says, and where its options are listed."""
    message = error.format_message()
    if type(error).__name__ == "NoSuchOption" and not getattr(error, "possibilities", None):
        name = error.option_name.lstrip("-")
        message = f"{message.rstrip('.')}; what is asked for has its options set by path, as in --set {name}=VALUE"
    return message if error.ctx is None else f"{message}\nsee {error.ctx.command_path} --help"


app = typer.Typer(
    cls=Commands,
    name="tombola",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Draw sparse subnetworks of pretrained networks, adapt them to your task, measure what they kept, ship them.",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tombola {__version__}")
        raise typer.Exit


@app.callback()
def tombola(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """Draw sparse subnetworks of pretrained networks, adapt them to your task, measure what they kept, ship them."""
    del version


app.command("make")(make.make)
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
app.command("predict")(predict.predict)
app.command("bench")(bench.bench)
app.command("list")(listing.list_members)
app.command("show")(show.show)
app.add_typer(store.app, name="store")


def main() -> None:
    """Run the command line of this process."""
    sys.exit(app())
