"""``--set path=value``: options by their path, typed as YAML types them, so a new option needs no new flag."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import typer

from tombola.cli.commands import OUTPUT, RUNNING
from tombola.errors import RequestError

if TYPE_CHECKING:
    from tombola.tasks._base import Task


def _usable(device: str) -> str:
    """The device's name, as it is; one that this machine lacks is refused before anything is read or trained."""
    if device != "auto":  # which asks for nothing in particular, and so needs no torch
        from tombola.fitting.devices import device_of

        device_of(device)
    return device


def _seed(seed: int) -> int:
    if not 0 <= seed < 2**63:
        raise typer.BadParameter(f"--seed {seed}: write a number from 0 to {2**63 - 1}")
    return seed


SET: list[str] = typer.Option(
    [],
    "--set",
    metavar="PATH=VALUE",
    help="Any option by its path: sparsity=0.9, fit.clip=1, task.size=32; may be repeated. tombola show lists them.",
)
SEED: int = typer.Option(
    0, "--seed", help="The seed of everything random.", callback=_seed, metavar="NUMBER", rich_help_panel=RUNNING
)


def _out(told: str) -> Any:
    return typer.Option(..., "-o", "--out", help=told, metavar="FILE", rich_help_panel=OUTPUT)


OUT: str = _out("The file to write.")
OUT_OF_EXPORT: str = _out("The file to write; a folder for native and transformers.")
OVERWRITE: bool = typer.Option(
    False, "--overwrite", help="Replace the output file if it exists.", rich_help_panel=OUTPUT
)
DEVICE: str = typer.Option(
    "auto",
    "--device",
    help="auto, cpu, cuda, cuda:1 or mps.",
    callback=_usable,
    metavar="DEVICE",
    rich_help_panel=RUNNING,
)


def settings(texts: Iterable[str], **flags: Any) -> dict[str, Any]:
    """``["a.b=1", "c=x"]`` as ``{"a": {"b": 1}, "c": "x"}``, on top of the flags that were given.

    A name and its own options may come in any order: ``--objective adversarial --set objective.attack.eps=0.1``.
    """
    from tombola.study.settings import override, put

    found = {name: value for name, value in flags.items() if value is not None}
    # of --lr 0.1 --set fit=dac the flag comes first, and the name would replace it
    for path, values in sorted(map(override, texts), key=lambda one: one[0].count(".")):
        found = put(found, path, values[0] if len(values) == 1 else values)
    return found


def named(text: str, flag: str) -> str | dict[str, object]:
    """A member by its name, or by a mapping with its options as a study file would write it."""
    import yaml

    from tombola.study.yamls import read_value

    if not text.lstrip().startswith("{"):
        return text
    try:
        found = read_value(text, flag)
    except yaml.YAMLError:
        found = None
    if not isinstance(found, dict):
        raise RequestError(f"{flag} {text}: no mapping of options; write '{{name: NAME, OPTION: VALUE}}'")
    return {str(name): value for name, value in found.items()}


def taken(options: dict[str, Any], name: str, text: str | None) -> Any:
    """Take the options under ``name`` out of ``options``: the text with them, or the text alone.

    ``--set model.arch=resnet20`` is for the model, ``--set task.size=32`` for the task, all else for the verb;
    ``--set task=digits`` does for ``--task digits``.
    """
    own = options.pop(name, None)
    if own is None:
        return text
    named = isinstance(own, str) or (isinstance(own, dict) and "name" in own)
    if text is None and named:
        return own
    if text is not None and named:
        raise RequestError(f"--{name} {text} and {own if isinstance(own, str) else own['name']}: write one {name}")
    if text is None or not isinstance(own, dict):
        raise RequestError(f"--set {name}.OPTION=VALUE goes with a {name}; name it first")
    return {"name": text, **own}


def task_of(options: dict[str, Any], text: str | None) -> "Task":
    """The task that ``--task`` or ``--data`` names, with its options taken out; raises `RequestError` without one."""
    from tombola.tasks._base import Task

    found = taken(options, "task", text)
    if found is None:
        raise RequestError("which task? write --task digits, or --data with a folder of your own examples")
    return Task.parse(found)


def options_of_task(options: dict[str, Any], what: str) -> dict[str, Any]:
    """Options of the task whose examples an argument names, taken out of ``options``.

    Raises `RequestError` where another task is named there.
    """
    found = options.pop("task", {})
    if not isinstance(found, dict) or "name" in found:
        told = found.get("name") if isinstance(found, dict) else found
        raise RequestError(
            f"--set task={told}: the task is what is named first, {what}; write another one in its place, and options"
            " as in --set task.size=160"
        )
    return found


def options_of_fit(options: dict[str, Any]) -> dict[str, Any]:
    """How to train, taken out of ``options``; a text is a recipe's name. Raises `RequestError` for what is neither."""
    found = options.pop("fit", {})
    if isinstance(found, str):
        return {"preset": found}
    if not isinstance(found, dict):
        raise RequestError(
            f"--set fit={found}: write a recipe's name, as in --set fit=dac, or options, as in --set fit.batch=16"
        )
    return found


def trained_as_usual(fit: dict[str, Any], task: "Task") -> dict[str, Any]:
    """A training's options; of texts with the published preset where neither one nor an optimizer is named.

    Gradient descent at an image net's rate teaches an encoder nothing.
    """
    from tombola.tasks._texts import OfTexts

    optimizer = fit.get("optimizer", {})
    named = "preset" in fit or isinstance(optimizer, str) or "name" in optimizer
    return fit if named or not isinstance(task, OfTexts) else {"preset": task.PRESET, **fit}
