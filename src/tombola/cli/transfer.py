"""``tombola transfer``: adapt a ticket to a task into a self-contained ticket."""

import typer

from tombola.cli import families, settings
from tombola.cli.output import JSON, emit
from tombola.cli.work import checkpoints, fresh_file, session
from tombola.errors import RequestError


def transfer(
    what: str = typer.Argument(help="A .ticket file, or a model (path:FILE, ...), which is adapted as dense as it is."),
    task: str = typer.Option(..., "--task", help=f"The task: {families.choices('datasets')}, folder:PATH, pack:PATH."),
    how: str = typer.Option("finetune", "--how", help=f"One of: {families.choices('transfers')}."),
    model: str | None = typer.Option(None, "--model", help="The pretrained model; default: the one the ticket names."),
    out: str = settings.OUT,
    set_: list[str] = settings.SET,
    seed: int = settings.SEED,
    device: str = settings.DEVICE,
    overwrite: bool = settings.OVERWRITE,
    as_json: bool = JSON,
) -> None:
    """Adapt a ticket to a task: finetune every surviving weight, or train only a new classifier."""
    from tombola import verbs
    from tombola.joining import given
    from tombola.tasks._base import Task
    from tombola.tickets.table import summarise
    from tombola.transfers._base import Transfer

    path = fresh_file(out, overwrite=overwrite)
    options = settings.settings(set_)
    if model is not None and not what.endswith(".ticket"):
        raise RequestError(f"--model goes with a ticket, and {what} is a model itself; leave it out")
    dense = None if what.endswith(".ticket") else what
    of_model = settings.taken(options, "model", model or dense)
    of_task = settings.taken(options, "task", task)
    target = Task.parse(of_task)
    way = Transfer.parse({"name": how, **options})
    with checkpoints(path, way, target, seed) as folder:
        base, drawn = given(what, of_model, seed=seed)
        network = verbs.transfer(base, drawn, target, way, seed=seed, session=session(folder, device))
        adapted = verbs.keep(network, drawn, target)
        adapted.save(path, overwrite=overwrite)
    summary, found = summarise(path), verbs.validated(network, target, device=device)
    said = f"{path}: {what} adapted to {task} by {how}, {found}"
    emit(as_json, summary.as_json() | {"validation": found.plain()}, [said, summary.text()])
