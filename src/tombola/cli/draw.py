"""``tombola draw``: draw a ticket from a model into a .ticket file."""

import typer

from tombola.cli import families, settings
from tombola.cli.output import JSON, emit
from tombola.cli.work import checkpoints, fresh_file, session


def draw(
    model: str = typer.Argument(help="resnet8, torchvision:resnet18@IMAGENET1K_V1, timm:NAME, path:FILE, ..."),
    scheme: str = typer.Option("omp", "--scheme", help=f"One of: {families.choices('schemes')}."),
    task: str | None = typer.Option(None, "--task", help="For schemes that train: the task they train on."),
    self_contained: bool = typer.Option(False, "--self-contained", help="Keep the surviving values in the ticket."),
    values: str = typer.Option("float32", "--values", help="Of a self-contained ticket: float32, float16 or bfloat16."),
    out: str = settings.OUT,
    set_: list[str] = settings.SET,
    seed: int = settings.SEED,
    device: str = settings.DEVICE,
    overwrite: bool = settings.OVERWRITE,
    as_json: bool = JSON,
) -> None:
    """Draw a ticket: which weights stay. An iterative scheme's sparsest ticket is written."""
    from tombola import verbs
    from tombola.models.source import Source
    from tombola.schemes._base import Scheme
    from tombola.tasks._base import Task
    from tombola.tickets.table import summarise
    from tombola.tickets.ticket import Ticket

    path = fresh_file(out, overwrite=overwrite)
    options = settings.settings(set_)
    source, of_task = (settings.taken(options, name, text) for name, text in (("model", model), ("task", task)))
    how, source = Scheme.parse({"name": scheme, **options}), Source.parse(source)
    target = None if of_task is None else Task.parse(of_task)
    with checkpoints(path, source, how, *([target] if target else []), seed) as folder:
        network = source.load(seed=seed)
        ticket = verbs.draw(network, how, task=target, seed=seed, session=session(folder, device))[-1]
        if self_contained:
            ticket = Ticket.of(network.body, ticket.masks, ticket.lineage, keep_values=True)
        ticket.save(path, values=values, overwrite=overwrite)
    summary = summarise(path)
    emit(as_json, summary.as_json(), [f"{path}:", summary.text()])
