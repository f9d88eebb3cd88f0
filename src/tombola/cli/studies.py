"""What the commands on studies share: which study, which store, where results go."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tombola.cli import completing
from tombola.cli.commands import OUTPUT, RUNNING
from tombola.errors import RequestError

if TYPE_CHECKING:
    from tombola.study.runners._base import Outcome
    from tombola.study.study import Study

STUDY: str = typer.Argument(
    metavar="STUDY",
    help="A study file (.yaml) or a recipe's name, such as demo (tombola list recipes).",
    autocompletion=completing.either(completing.recipes, completing.files(completing.STUDIES)),
)
SET: list[str] = typer.Option(
    [],
    "--set",
    metavar="PATH=VALUE",
    help="An option by its path or an axis: draw.sparsity=0.9, transfer.fit.clip=1, prior=robust; may be repeated."
    " tombola show study lists options, tombola plan STUDY axes.",
)
STORE: str = typer.Option(
    "tombola-store",
    "--store",
    envvar="TOMBOLA_STORE",
    metavar="PLACE",
    rich_help_panel=RUNNING,
    help="Where finished stages are: a folder, or a url such as s3://bucket/x.",
)
OUT: Path = typer.Option(
    Path("runs"),
    "-o",
    "--out",
    metavar="FOLDER",
    help="The folder for results: rows, page.",
    rich_help_panel=OUTPUT,
)


def study_of(name: str, set_: list[str]) -> "Study":
    """The study in a file or of a recipe, with the settings of the command line."""
    from tombola.recipes._lookup import recipe
    from tombola.study.study import Study

    is_file = name.endswith((".yaml", ".yml"))
    if not is_file and Path(name).is_file():
        raise RequestError(f"{name}: a study file ends in .yaml; rename it")
    return Study.read(Path(name)).override(set_) if is_file else recipe(name, set_)


def command_of(study: str, set_: list[str], runner: str = "inline") -> str:
    """The command that runs a study so, as it can be pasted into a shell."""
    changes = [word for text in set_ for word in ("--set", text)]
    return shlex.join(["tombola", "run", study, *changes, *(["--runner", runner] if runner != "inline" else [])])


def say_failed(outcome: "Outcome") -> None:
    """A line on stderr for each stage that failed."""
    for failure in outcome.failed.values():
        typer.echo(f"failed: {failure.title}: {failure.message} (the whole trace: {failure.report})", err=True)


def require_place(out: Path, study: "Study") -> None:
    """Raise `RequestError` where no folder for a study's results can be; nothing is made yet."""
    from tombola.disks import require_writable

    there = next((path for path in (out / study.name, *(out / study.name).parents) if path.exists()), Path())
    if not there.is_dir():
        raise RequestError(f"--out {out}: {there} is a file, and no folder for results; choose another place for them")
    require_writable(there)


def place(out: Path, study: "Study") -> Path:
    """The folder of a study's results, made when it is not there."""
    folder = out / study.name
    folder.mkdir(parents=True, exist_ok=True)
    return folder
