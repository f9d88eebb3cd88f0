"""What a user is told of the additions: by ``list``, ``show`` and ``--help``, and on the reference pages."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from tests.additions.added import ADDED
from typer.testing import CliRunner

from tombola.cli.families import family
from tombola.cli.main import app

HELP: Final = {
    "schemes": "draw",
    "objectives": "pretrain",
    "transfers": "transfer",
    "properties": "measure",
    "exporters": "export",
}
"""The command whose help names a family's members, where one does."""

REFERENCE: Final = Path(__file__).parents[2] / "docs" / "reference_cards.py"


def told() -> dict[str, Any]:
    """The texts, by where they are from and by family."""
    docs = _reference()
    return {
        "all": said("list"),
        "list": {kind: said("list", kind) for kind in ADDED},
        "show": {kind: said("show", kind, name) for kind, name in ADDED.items()},
        "help": {kind: said(command, "--help") for kind, command in HELP.items()},
        "docs": {kind: docs.family_page(family(kind)) for kind in ADDED},
    }


def said(*words: str) -> str:
    """What the command prints; raises what went wrong."""
    found = CliRunner(env={"COLUMNS": "200"}).invoke(app, list(words), catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return found.output


def _reference() -> ModuleType:
    """What writes the reference page of a family."""
    spec = importlib.util.spec_from_file_location("reference_pages", REFERENCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
