"""``tombola pretrain``: train a network on a task, under an objective, into a safetensors file."""

from pathlib import Path

import typer

from tombola.cli import families, settings
from tombola.cli.output import JSON, emit
from tombola.cli.work import checkpoints, fresh_file, session


def pretrain(
    model: str = typer.Argument(help="resnet8, torchvision:resnet18, timm:NAME, path:FILE, ..."),
    task: str = typer.Option(
        ..., "--task", help=f"The task to train on: {families.choices('datasets')}, folder:PATH, ..."
    ),
    objective: str | None = typer.Option(None, "--objective", help=f"One of: {families.choices('objectives')}."),
    preset: str | None = typer.Option(None, "--preset", help="A recipe by name; --set changes parts of it."),
    out: str = settings.OUT,
    set_: list[str] = settings.SET,
    seed: int = settings.SEED,
    device: str = settings.DEVICE,
    overwrite: bool = settings.OVERWRITE,
    as_json: bool = JSON,
) -> None:
    """Train a network on a task, naturally or adversarially. Interrupted, the same command continues."""
    from tombola import verbs
    from tombola.fitting.fit import Fit
    from tombola.models.files import save_network
    from tombola.models.source import Source
    from tombola.spec import build
    from tombola.tasks._base import Task

    path = fresh_file(out, overwrite=overwrite)
    options = settings.settings(set_, objective=objective, preset=preset)
    source = Source.parse(settings.taken(options, "model", model))
    target = Task.parse(settings.taken(options, "task", task))
    fit = build(Fit, options, "pretrain")
    with checkpoints(path, source, target, fit, seed) as folder:
        network = verbs.pretrain(source, target, fit, seed=seed, session=session(folder, device))
        save_network(network, path)
    size, found = Path(path).stat().st_size, verbs.validated(network, target, device=device)
    value = {"out": str(path), "bytes": size, "validation": found.plain()}
    said = f"{path}: {source.name} trained on {task} for {fit.epochs} ({fit.objective.name}), {found}, {size:,} bytes"
    emit(as_json, value, [said])
