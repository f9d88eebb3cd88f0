"""Options that a command gets from outside: its function stays as it is, the command line offers more."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any


@dataclass(frozen=True)
class Flag:
    """An option: the type of its value, and how typer is to show it."""

    kind: Any
    option: Any


def flagged(
    command: Callable[..., None],
    flags: Mapping[str, Flag],
    used: Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]],
) -> Callable[..., None]:
    """The command with these options too; ``used`` makes its arguments of those given and the flags' values."""

    @wraps(command)
    def run(**given: Any) -> None:
        found = {name: given.pop(name) for name in flags}
        command(**used(given, found))

    own = inspect.signature(command)
    more = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=flag.option, annotation=flag.kind)
        for name, flag in flags.items()
    ]
    run.__annotations__ = {**command.__annotations__, **{name: flag.kind for name, flag in flags.items()}}
    run.__signature__ = own.replace(parameters=[*own.parameters.values(), *more])  # type: ignore[attr-defined]
    return run
