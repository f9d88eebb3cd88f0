"""Which members a family has and where each one's module is, found without importing any of them.

See `tombola.registry` for where members come from. Names alone are needed by help texts, lists and completion.
"""

import importlib.util
import os
import pkgutil
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from tombola.errors import RequestError, UnknownName, offered


def singular(name: str) -> str:
    """``scheme`` for ``schemes``, ``property`` for ``properties``, ``search`` for ``searches``."""
    if name.endswith("ches"):
        return name[:-2]
    return name[:-3] + "y" if name.endswith("ies") else name.removesuffix("s")


def member_names(family: str, package: str) -> list[str]:
    """The names of a family's members, sorted; imports neither them nor their contract."""
    return sorted(sources(family, package))


def sources(family: str, package: str) -> Mapping[str, str]:
    """Where each member's module is: ``module:tombola.schemes.omp``, ``file:/x/schemes/mine.py`` or ``entry:...``."""
    if extra := os.environ.get("TOMBOLA_PATH", ""):
        return _among(family, [*_own(package), *_folders(family, extra), *_entries(family)])
    return _fixed(family, package)


def source_of(family: str, package: str, name: str) -> str:
    """Where the module of the member called ``name`` is; an unknown name says which exist and which is near."""
    found = sources(family, package)
    if name not in found:
        raise UnknownName(f"unknown {singular(family)} {name!r}{offered(name, sorted(found))}")
    return found[name]


def file_of(source: str) -> Path | None:
    """The file of a member's module, None where only importing tells; imports the package around it alone."""
    kind, _, where = source.partition(":")
    if kind == "file":
        return Path(where)
    return module_file(where.partition(":")[0]) if kind == "module" else None


def module_file(module: str) -> Path | None:
    """The file of a module by its dotted name, None where it has none; only the packages around it are imported."""
    spec = importlib.util.find_spec(module)
    return Path(spec.origin) if spec is not None and spec.origin is not None and spec.has_location else None


@cache
def _fixed(family: str, package: str) -> Mapping[str, str]:
    """What is installed, which stays as it is: asked for at every name that is read."""
    return _among(family, [*_own(package), *_entries(family)])


def _among(family: str, members: Iterable[tuple[str, str]]) -> dict[str, str]:
    """By name, each of which is one member's."""
    found: dict[str, str] = {}
    for name, source in members:
        if name in found:
            raise RequestError(f"two {family} are called {name!r}: {found[name]} and {source}; rename one")
        found[name] = source
    return found


@cache
def _own(package: str) -> list[tuple[str, str]]:
    spec = importlib.util.find_spec(package)
    folders = list(spec.submodule_search_locations or []) if spec else []
    found = [(info.name, _module(info)) for info in pkgutil.iter_modules(folders) if not info.name.startswith("_")]
    return [(name.rstrip("_"), f"module:{package}.{module}") for name, module in found if module]


def _module(info: pkgutil.ModuleInfo) -> str:
    """Where in a package a member is: its file, or the one of its name in its room; another folder is none."""
    if not info.ispkg:
        return info.name
    place = Path(getattr(info.module_finder, "path", ""), info.name, f"{info.name}.py")
    return f"{info.name}.{info.name}" if place.is_file() else ""


def _folders(family: str, extra: str) -> list[tuple[str, str]]:
    files = [file for folder in extra.split(os.pathsep) if folder for file in Path(folder, family).glob("[!_]*.py")]
    return [(file.stem.rstrip("_"), f"file:{file}") for file in sorted(files)]


@cache
def _entries(family: str) -> list[tuple[str, str]]:
    if not _some_are_installed():
        return []
    from importlib.metadata import entry_points

    return [(entry.name, f"entry:{entry.value}") for entry in entry_points(group=f"tombola.{family}")]


@cache
def _some_are_installed() -> bool:
    """Whether any installed package brings members: reading these small files costs less than importing what parses."""
    files = [file for folder in sys.path for file in Path(folder).glob("*-info/entry_points.txt")]
    return any("[tombola." in file.read_text(encoding="utf-8", errors="replace") for file in files)
