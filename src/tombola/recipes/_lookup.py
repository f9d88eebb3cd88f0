"""Recipes by name: a file in this folder, or in ``FOLDER/recipes`` for a folder on ``TOMBOLA_PATH``, is one.

``demo.py`` is the recipe ``demo`` and ``robust_tickets/fig1.py`` is ``robust-tickets/fig1``. A recipe's file holds a
function called as the file that returns a `Study`; its module docstring is its card. What the function takes, each a
`typing.Literal` of texts with a default, is set as options are: ``--set scale=small``.
"""

import importlib.util
import inspect
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, get_args, get_type_hints

from tombola.declared import card_in
from tombola.errors import RequestError, UnknownName, near, offered

if TYPE_CHECKING:
    from tombola.study.study import Study


def recipe_names() -> list[str]:
    """Every recipe's name, sorted; imports none of them."""
    return sorted(_files())


@dataclass(frozen=True)
class Choice:
    """What a recipe can be asked for: the texts there are, and which it is when nothing is said."""

    values: tuple[str, ...]
    default: str


def recipe(name: str, settings: Iterable[str] = ()) -> "Study":
    """The study of a recipe; an unknown name says which exist and which is near.

    Of the ``path=value`` settings, those that the recipe itself takes (``scale=small``) go to it, the others to the
    study.
    """
    from tombola.study.study import Study

    choices, function = recipe_choices(name), _function(name)
    own: dict[str, str] = {}
    others: list[str] = []
    for setting in settings:
        key, _, value = (part.strip() for part in setting.partition("="))
        if key in choices:
            own[key] = _chosen(name, key, value, choices[key])
        else:
            others.append(setting)
    study = function(**own)
    if not isinstance(study, Study):
        raise RequestError(
            f"{_files()[name]}: {function.__name__}() should return a Study, not a {type(study).__name__}"
        )
    return study.override(others)


def recipe_choices(name: str) -> Mapping[str, Choice]:
    """What a recipe takes, by name."""
    function = _function(name)
    hints = get_type_hints(function)
    found: dict[str, Choice] = {}
    for parameter in inspect.signature(function).parameters.values():
        values = get_args(hints.get(parameter.name))
        if parameter.default not in values:
            raise RequestError(
                f"{_files()[name]}: {function.__name__}({parameter.name}) should be a Literal of texts with a default,"
                f' as in {parameter.name}: Literal["paper", "small"] = "paper"'
            )
        found[parameter.name] = Choice(tuple(map(str, values)), str(parameter.default))
    return found


def recipe_card(name: str) -> str:
    """A recipe's card: the docstring of its module, which is read and not run."""
    return card_in(_file(name))


def _chosen(name: str, key: str, value: str, choice: Choice) -> str:
    if value not in choice.values:
        raise RequestError(
            f"{name}: {key}={value}{near(value, choice.values)}; write {key}= and one of {', '.join(choice.values)}"
        )
    return value


def _function(name: str) -> Callable[..., object]:
    function = vars(_module(name)).get(_files()[name].stem)
    if not callable(function):
        stem = _files()[name].stem
        raise RequestError(f"{_files()[name]}: should hold a function {stem}() that returns a Study")
    found: Callable[..., object] = function
    return found


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


def _file(name: str) -> Path:
    files = _files()
    if name not in files:
        raise UnknownName(
            f"unknown recipe {name!r}{offered(name, sorted(files))}; or write a study file, as in study.yaml"
        )
    return files[name]


def _module(name: str) -> ModuleType:
    file = _file(name)
    spec = importlib.util.spec_from_file_location(f"tombola_recipe_{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
