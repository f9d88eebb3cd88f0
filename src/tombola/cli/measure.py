"""``tombola measure``: properties of a model or an adapted ticket on a task's test split."""

import json

import typer

from tombola.cli import families, settings
from tombola.cli.output import JSON, emit
from tombola.cli.work import session


def measure(
    what: str = typer.Argument(help="A self-contained .ticket file, or a model (path:FILE, resnet20, ...)."),
    task: str = typer.Option(..., "--task", help=f"The task: {families.choices('datasets')}, folder:PATH, pack:PATH."),
    property_: list[str] = typer.Option(
        ["accuracy"], "--property", help=f"What to measure; may be repeated: {families.choices('properties')}."
    ),
    set_: list[str] = settings.SET,
    seed: int = settings.SEED,
    device: str = settings.DEVICE,
    as_json: bool = JSON,
) -> None:
    """Measure a finished model. With one property its options are set by --set, as in --set attack.eps=8/255."""
    from tombola import verbs
    from tombola.properties._base import Property
    from tombola.tasks._base import Task

    options = settings.settings(set_)
    of_model, of_task = (settings.taken(options, name, text) for name, text in (("model", what), ("task", task)))
    properties = [Property.parse({"name": name, **options}) for name in property_]
    target = Task.parse(of_task)
    network = verbs.finished(of_model, target, seed=seed)
    rows = verbs.measure(network, target, properties, seed=seed, session=session(None, device))
    lines = [f"{row.metric:<24} {row.value:8.2f} {row.unit:<3} (n={row.samples})" for row in rows]
    emit(as_json, [json.loads(row.json_line()) for row in rows], lines)
