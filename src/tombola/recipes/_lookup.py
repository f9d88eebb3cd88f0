"""Recipes by name: a file in this folder, or in ``FOLDER/recipes`` for a folder on ``TOMBOLA_PATH``, is one.

``demo.py`` is the recipe ``demo`` and ``robust_tickets/fig1.py`` is ``robust-tickets/fig1``. A recipe's file holds one
function without parameters, called as the file, that returns a `Study`; its module docstring is its card.
"""

import importlib.util
import inspect
import os
from pathlib import Path
from types import ModuleType

from tombola.errors import RequestError, UnknownName, near
from tombola.study.study import Study


def recipe_names() -> list[str]:
    """Every recipe's name, sorted; imports none of them."""
    return sorted(_files())


def recipe(name: str) -> Study:
    """The study of a recipe; an unknown name says which exist and which is near."""
    function = vars(_module(name)).get(_files()[name].stem)
    if not callable(function):
        stem = _files()[name].stem
        raise RequestError(f"{_files()[name]}: should hold a function {stem}() that returns a Study")
    study = function()
    if not isinstance(study, Study):
        raise RequestError(
            f"{_files()[name]}: {function.__name__}() should return a Study, not a {type(study).__name__}"
        )
    return study


def recipe_card(name: str) -> str:
    """A recipe's card: the docstring of its module."""
    return inspect.getdoc(_module(name)) or ""


def _files() -> dict[str, Path]:
    found: dict[str, Path] = {}
    for folder in _folders():
        for file in sorted(folder.rglob("*.py")):
            parts = file.relative_to(folder).with_suffix("").parts
            if not any(part.startswith(("_", ".")) for part in parts):
                name = "/".join(parts).replace("_", "-")
                if name in found:
                    raise RequestError(f"two recipes are called {name!r}: {found[name]} and {file}; rename one")
                found[name] = file
    return found


def _folders() -> list[Path]:
    extra = os.environ.get("TOMBOLA_PATH", "").split(os.pathsep)
    return [Path(__file__).parent, *(Path(folder, "recipes") for folder in extra if folder)]


def _module(name: str) -> ModuleType:
    files = _files()
    if name not in files:
        known = sorted(files)
        raise UnknownName(
            f"unknown recipe {name!r}{near(name, known)} (there are: {', '.join(known)}; or give a .yaml file)"
        )
    spec = importlib.util.spec_from_file_location(f"tombola_recipe_{files[name].stem}", files[name])
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
