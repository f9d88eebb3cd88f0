"""``--set path=value``: options by their path, typed as YAML types them, so a new option needs no new flag."""

from collections.abc import Iterable
from typing import Any

import typer

from tombola.study.settings import override, put

SET: list[str] = typer.Option([], "--set", metavar="PATH=VALUE", help="Set an option by its path; may be repeated.")
SEED: int = typer.Option(0, "--seed", help="The seed of everything random.", min=0)
OUT: str = typer.Option(..., "-o", "--out", help="The file to write.")
OVERWRITE: bool = typer.Option(False, "--overwrite", help="Replace the output file if it exists.")
DEVICE: str = typer.Option("auto", "--device", help="auto, cpu, cuda, cuda:1, mps.")


def settings(texts: Iterable[str], **flags: Any) -> dict[str, Any]:
    """``["a.b=1", "c=x"]`` as ``{"a": {"b": 1}, "c": "x"}``, on top of the flags that were given.

    A name may come before its own options: ``--objective adversarial --set objective.attack.eps=0.1``.
    """
    found = {name: value for name, value in flags.items() if value is not None}
    for path, values in map(override, texts):
        found = put(found, path, values[0] if len(values) == 1 else values)
    return found
