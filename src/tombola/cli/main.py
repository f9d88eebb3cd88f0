"""The command ``tombola``: the list of its commands. What an error looks like is in `tombola.cli.failing`."""

import logging
import sys
import warnings
from typing import Any

import typer
from typer.core import TyperGroup

from tombola import __version__
from tombola.cli import (
    adopt,
    advise,
    bench,
    draw,
    export,
    failing,
    listing,
    make,
    measure,
    output,
    predict,
    pretrain,
    push,
    report,
    run,
    show,
    store,
    transfer,
    verdict,
)
from tombola.cli.collecting import collect_late
from tombola.cli.commands import register, taken_as_typed

_WHAT = "Draw sparse subnetworks of pretrained networks, adapt them, measure what they kept, ship them."


class Commands(TyperGroup):
    """Commands in the order of a working day; errors of ours become one message and an exit code."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.commands)

    def get_params(self, ctx: Any) -> Any:
        return taken_as_typed(super().get_params(ctx))

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        with failing.told():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: Any) -> Any:
        with failing.told():
            return super().invoke(ctx)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        rows = [(output.styled(name, fg="cyan"), _summary(command)) for name, command in self.commands.items()]
        with formatter.section(output.styled("Commands", bold=True)):
            formatter.write_dl(rows)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        formatter.write("\nEvery command has examples: tombola draw --help. What there is: tombola list.\n")


def _summary(command: Any) -> str:
    """The first sentence of a command's help, whole."""
    return (command.help or "").partition("\n\n")[0].replace("\n", " ")


app = typer.Typer(
    cls=Commands,
    name="tombola",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help=_WHAT,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tombola {__version__}")
        raise typer.Exit


@app.callback(help=_WHAT)
def tombola(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """Everything there is."""
    del version


register(app, "make", make.make, make.EXAMPLES)
register(app, "advise", advise.advise, advise.EXAMPLES)
register(app, "run", run.run, run.EXAMPLES)
register(app, "plan", run.plan, run.PLAN_EXAMPLES)
register(app, "status", run.status, run.STATUS_EXAMPLES)
register(app, "report", report.report, report.EXAMPLES)
register(app, "verdict", verdict.verdict, verdict.EXAMPLES)
register(app, "pretrain", pretrain.pretrain, pretrain.EXAMPLES)
register(app, "draw", draw.draw, draw.EXAMPLES)
register(app, "adopt", adopt.adopt, adopt.EXAMPLES)
register(app, "transfer", transfer.transfer, transfer.EXAMPLES)
register(app, "measure", measure.measure, measure.EXAMPLES)
register(app, "export", export.export, export.EXAMPLES)
register(app, "predict", predict.predict, predict.EXAMPLES)
register(app, "push", push.push, push.EXAMPLES)
register(app, "bench", bench.bench, bench.EXAMPLES)
register(app, "list", listing.list_members, listing.EXAMPLES)
register(app, "show", show.show, show.EXAMPLES)
app.add_typer(store.app, name="store", cls=Commands)


def main() -> None:
    """Run the command line of this process, in which warnings are told as errors are."""
    collect_late()
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # its first start is no news
    warnings.showwarning = failing.told_once()
    sys.exit(app())
