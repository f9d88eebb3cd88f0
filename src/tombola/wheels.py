"""Folders of installed packages: some wheels ship a model's files, and ``package:NAME`` says which."""

import importlib.util
from pathlib import Path
from typing import Final

from tombola.errors import RequestError

PACKAGE: Final = "package:"


def place_of(text: str) -> Path:
    """The folder or file that a text names: as it is, or inside the package that ``package:NAME`` names.

    In a package it is the folder, its own or one just below, that holds a model. Nothing of the package is run.
    Raises `RequestError` for a package that is not installed, or in which there is none or more than one.
    """
    if not text.startswith(PACKAGE):
        return Path(text).expanduser()
    name = text.removeprefix(PACKAGE)
    home = _home(name)
    if home is None:
        raise RequestError(
            f"{text}: no package of this name is installed; type: pip install {name.replace('_', '-')}, or write a"
            " folder"
        )
    found = [place for place in (home, *sorted(home.iterdir())) if place.is_dir() and _holds_a_model(place)]
    if len(found) != 1:
        many = ", ".join(place.name for place in found) or "none"
        raise RequestError(f"{text}: folders with a model's files in that package: {many}; write the folder itself")
    return found[0]


def _home(name: str) -> Path | None:
    spec = importlib.util.find_spec(name) if name.isidentifier() else None
    return None if spec is None or spec.origin is None else Path(spec.origin).parent


def _holds_a_model(folder: Path) -> bool:
    return (folder / "config.json").is_file() or any(folder.glob("*.gguf"))
