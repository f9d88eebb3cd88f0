"""``tombola transfer``: adapt a ticket to a task into a self-contained ticket."""

import typer

from tombola.cli import families, settings
from tombola.cli.output import JSON, emit
from tombola.cli.work import checkpoints, fresh_file, session


def transfer(
    ticket: str = typer.Argument(help="The .ticket file."),
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
    from tombola.tasks._base import Task
    from tombola.tickets.table import summarise
    from tombola.tickets.ticket import Ticket
    from tombola.transfers._base import Transfer

    path = fresh_file(out, overwrite=overwrite)
    options = settings.settings(set_)
    of_model, of_task = (settings.taken(options, name, text) for name, text in (("model", model), ("task", task)))
    drawn, target = Ticket.load(ticket), Task.parse(of_task)
    way = Transfer.parse({"name": how, **options})
    with checkpoints(path, way, target, seed) as folder:
        base = verbs.base_of(drawn, of_model, seed=seed)
        network = verbs.transfer(base, drawn, target, way, seed=seed, session=session(folder, device))
        adapted = verbs.keep(network, drawn, target)
        adapted.save(path, overwrite=overwrite)
    summary = summarise(path)
    emit(as_json, summary.as_json(), [f"{path}: {ticket} adapted to {task} by {how}", summary.text()])
