"""``--set path=value``: options by their path, typed as YAML types them, so a new option needs no new flag."""

from collections.abc import Iterable
from typing import Any

import typer

from tombola.errors import RequestError
from tombola.study.settings import override, put


def _usable(device: str) -> str:
    """The device's name, as it is; one that this machine lacks is refused before anything is read or trained."""
    if device != "auto":  # which asks for nothing in particular, and so needs no torch
        from tombola.fitting.devices import device_of

        device_of(device)
    return device


SET: list[str] = typer.Option(
    [],
    "--set",
    metavar="PATH=VALUE",
    help="Set an option by its path, as in sparsity=0.9, model.arch=resnet20, task.size=32; may be repeated.",
)
SEED: int = typer.Option(0, "--seed", help="The seed of everything random.", min=0, max=2**63 - 1)
OUT: str = typer.Option(..., "-o", "--out", help="The file to write.")
OVERWRITE: bool = typer.Option(False, "--overwrite", help="Replace the output file if it exists.")
DEVICE: str = typer.Option("auto", "--device", help="auto, cpu, cuda, cuda:1, mps.", callback=_usable)


def settings(texts: Iterable[str], **flags: Any) -> dict[str, Any]:
    """``["a.b=1", "c=x"]`` as ``{"a": {"b": 1}, "c": "x"}``, on top of the flags that were given.

    A name may come before its own options: ``--objective adversarial --set objective.attack.eps=0.1``.
    """
    found = {name: value for name, value in flags.items() if value is not None}
    for path, values in map(override, texts):
        found = put(found, path, values[0] if len(values) == 1 else values)
    return found


def taken(options: dict[str, Any], name: str, text: str | None) -> Any:
    """Take the options under ``name`` out of ``options``: the text with them, or the text alone.

    ``--set model.arch=resnet20`` is for the model, ``--set task.size=32`` for the task, all else for the verb;
    ``--set task=digits`` does for ``--task digits``.
    """
    own = options.pop(name, None)
    if own is None:
        return text
    if text is None and (isinstance(own, str) or (isinstance(own, dict) and "name" in own)):
        return own
    if text is None or not isinstance(own, dict):
        raise RequestError(f"--set {name}.OPTION=VALUE goes with a {name}; name it first")
    return {"name": text, **own}
