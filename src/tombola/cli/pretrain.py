"""``tombola pretrain``: train a network on a task, under an objective, into a safetensors file."""

from pathlib import Path
from typing import Any, Final

import typer

from tombola.cli import completing, families, settings
from tombola.cli.output import JSON, summarised
from tombola.cli.shortcuts import shortcuts
from tombola.cli.tracking import trackable
from tombola.cli.work import MODEL, TASK, checkpoints, fresh_file, session
from tombola.errors import RequestError

EXAMPLES: Final = (
    "tombola pretrain resnet8 --task glyphs --epochs 6 -o glyphs.safetensors",
    "tombola pretrain torchvision:resnet18 --data photos --size 128 -o photos.safetensors",
    "tombola pretrain resnet20 --task cifar10 --objective adversarial --eps 8/255 -o robust.safetensors",
)


@trackable
@shortcuts(data="task", size="task.size", epochs="epochs", lr="optimizer.lr", batch="batch", eps="objective.eps")
def pretrain(
    model: str = MODEL,
    task: str | None = TASK,
    objective: str | None = typer.Option(
        None,
        "--objective",
        metavar="OBJECTIVE",
        help=f"What is trained for: {families.choices('objectives')}.",
        autocompletion=completing.members("objectives"),
    ),
    preset: str | None = typer.Option(
        None, "--preset", metavar="RECIPE", help="A published way to train, as dac; other options change parts of it."
    ),
    out: str = settings.OUT,
    set_: list[str] = settings.SET,
    seed: int = settings.SEED,
    device: str = settings.DEVICE,
    overwrite: bool = settings.OVERWRITE,
    as_json: bool = JSON,
) -> None:
    """Train a network on a task, naturally or adversarially.

    Interrupted, the same command continues.
    """
    from tombola import verbs
    from tombola.fitting.fit import Fit
    from tombola.models.files import save_network
    from tombola.models.source import Source
    from tombola.spec import build

    path = fresh_file(out, overwrite=overwrite)
    options = _with_radius(settings.settings(set_, objective=objective, preset=preset))
    source = Source.parse(settings.taken(options, "model", model))
    target = settings.task_of(options, task)
    fit = build(Fit, settings.trained_as_usual(options, target), "pretrain")
    with checkpoints(path, source, target, fit, seed) as folder:
        network = verbs.pretrain(source, target, fit, seed=seed, session=session(folder, device))
        save_network(network, path)
    size, found = Path(path).stat().st_size, verbs.validated(network, target, device=device)
    value = {"out": str(path), "bytes": size, "validation": found.plain()}
    how = f"trained on {target.name} for {fit.epochs} ({fit.objective.name})"
    said = f"{path}: {source.name} {how}, {found}, {size:,} bytes"
    summarised(as_json, value, [said])


def _with_radius(options: dict[str, Any]) -> dict[str, Any]:
    """The options with ``objective.eps`` where the objective has it: its own, or its attack's."""
    objective = options.get("objective")
    if not isinstance(objective, dict) or "eps" not in objective:
        return options
    name = str(objective.get("name", "")).partition(":")[0]
    if not name and "preset" not in options:
        raise RequestError("a radius goes with an objective that attacks: write --objective adversarial --eps 8/255")
    names = families.option_names("objectives", name) if name else ["attack"]
    if "eps" in names or "attack" not in names:
        return options
    eps = objective.pop("eps")
    return {**options, "objective": {**objective, "attack": {**_attack(objective), "eps": eps}}}


def _attack(objective: dict[str, Any]) -> dict[str, Any]:
    given = objective.get("attack", {})
    return {"name": given} if isinstance(given, str) else dict(given)
