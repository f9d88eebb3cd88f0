"""``--set path=value``: options by their path, typed as YAML types them, so a new option needs no new flag."""

from collections.abc import Iterable
from typing import Any

import typer

from tombola.errors import RequestError
from tombola.study.settings import override, put

SET: list[str] = typer.Option([], "--set", metavar="PATH=VALUE", help="Set an option by its path; may be repeated.")
SEED: int = typer.Option(0, "--seed", help="The seed of everything random.", min=0)
OUT: str = typer.Option(..., "-o", "--out", help="The file to write.")
OVERWRITE: bool = typer.Option(False, "--overwrite", help="Replace the output file if it exists.")
DEVICE: str = typer.Option("auto", "--device", help="auto, cpu, cuda, cuda:1, mps.")


def settings(texts: Iterable[str]) -> dict[str, Any]:
    """``["a.b=1", "c=x"]`` as ``{"a": {"b": 1}, "c": "x"}``; a name may come before its own options."""
    found: dict[str, Any] = {}
    for path, values in map(override, texts):
        found = put(found, path, values[0] if len(values) == 1 else values)
    return found


def merged(options: dict[str, Any], **more: Any) -> dict[str, Any]:
    """``options`` with those of ``more`` that are not None; an option given twice is an error."""
    for name, value in more.items():
        if value is not None and name in options:
            raise RequestError(f"{name} is given twice: by its flag and by --set {name}=...; keep one")
    return options | {name: value for name, value in more.items() if value is not None}
