"""What the parser of the command line refuses, and what to type instead: only names that exist are offered."""

from difflib import get_close_matches
from typing import Any, Final

from tombola.cli import families
from tombola.errors import listed

_COMMANDS: Final = {
    "train": ("pretrain", "transfer"),
    "prune": ("draw",),
    "sparsify": ("draw",),
    "finetune": ("transfer",),
    "fine-tune": ("transfer",),
    "adapt": ("transfer",),
    "eval": ("measure",),
    "evaluate": ("measure",),
    "test": ("measure",),
    "validate": ("measure",),
    "benchmark": ("bench",),
    "time": ("bench",),
    "convert": ("export",),
    "import": ("adopt",),
    "info": ("show",),
    "help": ("--help",),
    "version": ("--version",),
    "ls": ("list", "store ls"),
    "gc": ("store gc",),
    "infer": ("predict",),
    "classify": ("predict",),
    "dense": ("pretrain",),
}
"""Words of other programs, and ours for them."""

_OPTIONS: Final = {
    "output": "out",
    "output-file": "out",
    "save": "out",
    "o": "out",
    "dataset": "task",
    "data-dir": "data",
    "learning-rate": "lr",
    "learning_rate": "lr",
    "epoch": "epochs",
    "iterations": "epochs",
    "steps": "epochs",
    "ratio": "sparsity",
    "amount": "sparsity",
    "density": "sparsity",
    "prune": "sparsity",
    "method": "scheme",
    "algorithm": "scheme",
    "imgsz": "size",
    "image-size": "size",
    "img-size": "size",
    "resolution": "size",
    "batch-size": "batch",
    "batch_size": "batch",
    "bs": "batch",
    "gpu": "device",
    "cuda": "device",
    "force": "overwrite",
    "yes": "overwrite",
    "epsilon": "eps",
    "metric": "property",
    "metrics": "property",
    "format": "to",
    "type": "to",
    "f": "to",
    "workers": "runner",
    "jobs": "runner",
    "j": "runner",
    "processes": "runner",
    "verbose": "help",
    "ticket": "model",
    "arch": "model",
    "name": "model",
}
"""The same of options, without their dashes; offered where a command has ours."""

_OF: Final = {
    "draw": "schemes",
    "transfer": "transfers",
    "measure": "properties",
    "export": "exporters",
    "bench": "engines",
}
"""Whose members' options a command takes by ``--set``."""


def misused(error: Any) -> str:
    """What the parser says and what to write, with an example of the command where one helps."""
    kind, context = type(error).__name__, error.ctx
    if context is None:
        return str(error.format_message())
    if kind == "NoSuchOption":
        return _no_option(error.option_name, context)
    if kind == "UsageError" and "No such command" in error.message:
        return _no_command(error.message, context)
    message = str(error.format_message()).rstrip(".")
    return f"{message[:1].lower()}{message[1:]}{_as_in(context)}\nsee {context.command_path} --help"


def _as_in(context: Any) -> str:
    first = (context.command.epilog or "").partition("\n")[0]
    return f"\nas in: {first}" if first else ""


def _no_option(given: str, context: Any) -> str:
    bare, flags = given.lstrip("-"), _flags(context.command)
    offered = _meant(bare, flags)
    if offered:
        said = f"write {' or '.join(offered)}"
    elif (path := _path(bare, context.info_name)) is not None:
        said = f"write --set {path}=VALUE"
    else:
        said = f"it has {listed(sorted(flags), 200)}"
    return f"{context.command_path} has no option {given}; {said}\nsee {context.command_path} --help"


def _flags(command: Any) -> list[str]:
    return [name for param in command.params for name in param.opts if name.startswith("-")]


def _meant(bare: str, flags: list[str]) -> list[str]:
    """Flags that a word stands for in other programs, or that are spelt alike."""
    known = f"--{_OPTIONS.get(bare, '')}"
    if known in flags:
        return [known]
    return get_close_matches(f"--{bare}", flags, n=2, cutoff=0.7)


def _path(bare: str, command: str) -> str | None:
    """The option of a member that the command may be about, as ``--set`` has it."""
    if command not in _OF or len(bare) > 40:
        return None
    family = _OF[command]
    names = {name for member in families.names(family) for name in families.option_names(family, member)}
    found = get_close_matches(bare.replace("-", "_"), sorted(names), n=1, cutoff=0.8)
    return found[0] if found else None


def _no_command(message: str, context: Any) -> str:
    given = message.partition("'")[2].partition("'")[0]
    commands = list(context.command.commands)
    found = _COMMANDS.get(given.lower(), ()) if context.parent is None else ()
    near = found or get_close_matches(given, commands, n=2, cutoff=0.6)
    path = context.command_path
    said = f"write {' or '.join(f'{path} {name}' for name in near)}" if near else f"there are {', '.join(commands)}"
    return f"{path} has no command {given}; {said}"
