"""A command's help page: what it does, its options in groups, and examples that can be typed. Plain when piped.

`register` is how every command comes into the program: with its examples, ``--json`` where it says so and ``--quiet``.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, Final

import typer
from typer.core import TyperCommand

from tombola.cli import output
from tombola.cli.flags import Flag, flagged

MAIN: Final = "Options"
EVERYDAY: Final = "Everyday settings, each short for a --set"
RUNNING: Final = "Where and how it runs"
OUTPUT: Final = "Output"
_ORDER: Final = (MAIN, EVERYDAY, RUNNING, OUTPUT)

_QUIET: Final = Flag(
    bool, typer.Option(False, "--quiet", "-q", help="No progress, no summary.", rich_help_panel=OUTPUT)
)


class Command(TyperCommand):
    """A command whose help has its options in groups and ends in examples."""

    def get_params(self, ctx: Any) -> Any:
        return taken_as_typed(super().get_params(ctx))

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        return ["[OPTIONS]", *(_usage(param) for param in self.get_params(ctx) if _is_argument(param))]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        given = self.get_params(ctx)
        groups = {"Arguments": [_row(param) for param in given if _is_argument(param)]}
        for name in _ORDER:
            groups[name] = [_row(param) for param in given if not _is_argument(param) and _group(param) == name]
        for name, rows in groups.items():
            if rows:
                with formatter.section(output.styled(name, bold=True)):
                    formatter.write_dl([(output.styled(left, fg="cyan"), right) for left, right in rows], col_max=26)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        if self.epilog:
            with formatter.section(output.styled("Examples", bold=True)):
                for line in self.epilog.splitlines():
                    formatter.write(f"  {line}\n")


def taken_as_typed(params: list[Any]) -> list[Any]:
    """Parameters; texts and flags stay what was typed: typer would load pydantic for them, half of a list's time."""
    for param in params:
        if getattr(param, "is_flag", False) or getattr(param.type_descriptor, "annotation", None) is str:
            vars(param)["_runtime_param"] = _AsTyped()
    return params


class _AsTyped:
    """In the place of typer's coercion."""

    def coerce(self, value: Any, *, param: Any, ctx: Any) -> Any:
        del param, ctx
        return value


def register(app: typer.Typer, name: str, command: Callable[..., None], examples: Sequence[str]) -> None:
    """Make a function a command of the program, with ``--quiet`` beside its own options."""
    app.command(name, cls=Command, epilog="\n".join(examples))(flagged(command, {"quiet": _QUIET}, _quietly))


def _quietly(given: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    output.QUIET.set(bool(found["quiet"]))
    return given


def _is_argument(param: Any) -> bool:
    return bool(param.param_type_name == "argument")


def _usage(param: Any) -> str:
    name = f"{param.display_name_raw.upper()}{'...' if param.nargs != 1 else ''}"
    return name if param.required else f"[{name}]"


def _group(param: Any) -> str:
    return getattr(param, "rich_help_panel", None) or (OUTPUT if param.name == "help" else MAIN)


def _row(param: Any) -> tuple[str, str]:
    """What stands left and right of an option: its names with what stands for its value; help, default, variable."""
    if _is_argument(param):
        return param.display_name_raw.upper(), param.help or ""
    metavar = "" if param.is_flag else f" {param.metavar or param.name.strip('_').upper()}"
    beside = [text for text in (_default(param), f"env {param.envvar}" if param.envvar else "") if text]
    notes = "required" if param.required else "; ".join(beside)
    help_ = inspect.cleandoc(param.help or "")
    return f"{', '.join(sorted(param.opts, key=len))}{metavar}", f"{help_}  [{notes}]" if notes else help_


def _default(param: Any) -> str:
    if isinstance(param.show_default, str):
        return f"default: {param.show_default}"
    value = param.default
    if not param.show_default or value is None or value in ("", [], ()) or isinstance(value, bool):
        return ""
    return f"default: {', '.join(map(str, value)) if isinstance(value, list | tuple) else value}"
