"""Folders and files of installed packages: some wheels ship a model, and ``package:NAME`` says which."""

import importlib.util
from collections.abc import Collection
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
    home = _home(text)
    found = [place for place in (home, *sorted(home.iterdir())) if place.is_dir() and _holds_a_model(place)]
    if len(found) != 1:
        many = ", ".join(place.name for place in found) or "none"
        raise RequestError(f"{text}: folders with a model's files in that package: {many}; write the folder itself")
    return found[0]


def weights_in(text: str, suffixes: Collection[str]) -> Path:
    """The only file with such a suffix in the package that ``package:NAME`` names; nothing of the package is run.

    Raises `RequestError` for a package that is not installed, or with none or several.
    """
    home = _home(text)
    found = sorted(file for file in home.rglob("*") if file.suffix.lower() in suffixes and file.is_file())
    if len(found) != 1:
        many = ", ".join(str(file.relative_to(home)) for file in found) or "none"
        raise RequestError(f"{text}: files of weights in that package: {many}; write the file itself")
    return found[0]


def _home(text: str) -> Path:
    name = text.removeprefix(PACKAGE)
    spec = importlib.util.find_spec(name) if name.isidentifier() else None
    if spec is None or spec.origin is None:
        raise RequestError(
            f"{text}: no package of this name is installed; type: pip install {name.replace('_', '-')}, or write where"
            " it lies"
        )
    return Path(spec.origin).parent


def _holds_a_model(folder: Path) -> bool:
    return (folder / "config.json").is_file() or any(folder.glob("*.gguf"))
