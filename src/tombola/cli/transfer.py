"""``tombola transfer``: adapt a ticket to a task into a self-contained ticket."""

from typing import Any, Final

import typer

from tombola.cli import completing, families, settings
from tombola.cli.output import JSON, summarised
from tombola.cli.shortcuts import Chosen, shortcuts
from tombola.cli.ticket_page import brief
from tombola.cli.tracking import trackable
from tombola.cli.work import OF_MODEL, TASK, WHAT, checkpoints, fresh_file, require_ticket, session

EXAMPLES: Final = (
    "tombola transfer x.ticket --task digits --how linear -o adapted.ticket",
    "tombola transfer x.ticket --data photos --size 128 --epochs 10 --lr 0.01 -o photos.ticket",
    "tombola transfer path:net.safetensors --task digits -o dense.ticket",
)


@trackable
@shortcuts(
    Chosen("transfers", "how", "finetune"),
    data="task",
    size="task.size",
    epochs="fit.epochs",
    lr="fit.optimizer.lr",
    batch="fit.batch",
)
def transfer(
    what: str = WHAT,
    task: str | None = TASK,
    how: str = typer.Option(
        "finetune",
        "--how",
        metavar="WAY",
        help=f"{families.choices('transfers')}.",
        autocompletion=completing.members("transfers"),
    ),
    model: str | None = OF_MODEL,
    out: str = settings.OUT,
    set_: list[str] = settings.SET,
    seed: int = settings.SEED,
    device: str = settings.DEVICE,
    overwrite: bool = settings.OVERWRITE,
    as_json: bool = JSON,
) -> None:
    """Adapt a ticket to a task: all it kept, or a new head alone.

    A model is adapted as dense as it is.
    """
    from tombola import verbs
    from tombola.joining import given
    from tombola.tickets.table import summarise
    from tombola.transfers._base import Transfer

    path = fresh_file(out, overwrite=overwrite)
    options = settings.settings(set_)
    require_ticket(what, model)
    dense = None if what.endswith(".ticket") else what
    of_model = settings.taken(options, "model", model or dense)
    target = settings.task_of(options, task)
    fit = options.get("fit", {})  # a text is a preset's name
    if "fit" in Transfer.family.get(how).model_fields and isinstance(fit, dict):
        options["fit"] = settings.trained_as_usual(fit, target)
    way = Transfer.parse({"name": how, **options})
    base, drawn = given(what, of_model, seed=seed)
    with checkpoints(path, way, target, seed, *_digests(what, of_model)) as folder:
        network = verbs.transfer(base, drawn, target, way, seed=seed, session=session(folder, device))
        adapted = verbs.keep(network, drawn, target)
        adapted.save(path, overwrite=overwrite)
    summary, found = summarise(path), verbs.validated(network, target, device=device)
    said = f"{path}: {what} adapted to {target.name} by {how}, {found}"
    summarised(as_json, summary.as_json() | {"validation": found.plain()}, [said, *brief(summary)])


def _digests(what: str, model: Any) -> list[str]:
    """Of what is adapted: the ticket's file, and the model that is named."""
    from tombola.models.source import Source
    from tombola.spec import file_digest
    from tombola.tickets.folder import file_of

    tickets = [file_digest(file_of(what))] if what.endswith(".ticket") else []
    return tickets if model is None else [*tickets, Source.parse(model).digest()]
