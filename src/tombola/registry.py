"""Families: members discovered from their folder, from ``TOMBOLA_PATH`` and from entry points.

What: a family (schemes, patterns, attacks, ...) is a folder; a member is one file in it that holds one final class with
its options and a module docstring, its card. Adding the file adds the member: nothing else is edited. A member of many
parts has a room of its own, a folder of its name with the file of its name in it: ``schemes/latency/latency.py``.

Where members come from, in order: the family's own package; ``FOLDER/<family>/*.py`` for every folder in the
environment variable ``TOMBOLA_PATH``; installed packages with entry points in the group ``tombola.<family>``.
"""

import importlib
import importlib.util
import inspect
import os
import pkgutil
import re
import sys
from abc import ABC
from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Self, TypeAlias

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from tombola.errors import OptionError, RequestError, UnknownName, near
from tombola.spec import Json, Spec, build

FAMILIES: dict[str, "Family"] = {}

Examples: TypeAlias = tuple[Mapping[str, Any], ...]
"""Options of a member, several times over."""


class Member(Spec, ABC):
    """The base of every family's contract: a spec that knows its name and its family.

    The direct subclass is the abstract contract (it sets ``family``); a subclass of that in a member file is final.
    ``ARGUMENT`` names the option that takes the text behind a colon: ``folder:/pictures`` sets ``path``. ``EXAMPLES``
    are options to try it with, of which the contract suites run every one: what has no default is in each, and each
    is done in a moment.
    """

    family: ClassVar["Family"]
    name: ClassVar[str] = ""
    ARGUMENT: ClassVar[str | None] = None
    EXAMPLES: ClassVar[Examples] = ({},)

    def __init_subclass__(cls, **options: Any) -> None:
        """A member is called as its module until its family says otherwise: one imported by hand knows its name."""
        super().__init_subclass__(**options)
        module = cls.__module__.rpartition(".")[2]
        if module != "_base" and "name" not in vars(cls):
            cls.name = module.rstrip("_")

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled by its names, so another process finds members of ``TOMBOLA_PATH`` too."""
        options = {name: getattr(self, name) for name in type(self).model_fields}
        return _restored, (self.family.package, self.family.name, self.name, options)

    @classmethod
    def parse(cls, value: object) -> Self:
        """A member from a name, ``name:argument``, a mapping with a ``name``, or a member as it is."""
        return cls.family.parse(value)  # type: ignore[return-value]  # a family's members are of its contract

    @classmethod
    def examples(cls, folder: Path) -> list[Self]:  # noqa: ARG003  some write files
        """The member with each of its `EXAMPLES`; one that reads files writes them into ``folder`` first."""
        return [build(cls, options, f"{cls.family.singular} {cls.name}") for options in cls.EXAMPLES]

    def identity(self) -> dict[str, Json]:
        return {"name": self.name, **super().identity()}

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        if not inspect.isabstract(cls):
            return handler(source)
        return core_schema.no_info_plain_validator_function(cls.parse)


class Family:
    """The members that share one contract, found by looking into their folder.

    ``fallback`` names a member (with an ``ARGUMENT``) that takes every text no member is named by: ``digits`` alone
    is the classification task on the digits. A module whose name begins with an underscore is no member.
    """

    def __init__(self, name: str, package: str, fallback: str | None = None) -> None:
        self.name = name
        self.package = package
        self.fallback = fallback
        FAMILIES[name] = self

    @property
    def singular(self) -> str:
        """``scheme`` for ``schemes``, ``property`` for ``properties``."""
        return singular(self.name)

    def names(self) -> list[str]:
        """Every member's name, sorted. Imports none of them."""
        return member_names(self.name, self.package)

    def get(self, name: str) -> type[Member]:
        """The member class called ``name``; an unknown name says which exist and which is near."""
        sources = _sources(self.name, self.package, os.environ.get("TOMBOLA_PATH", ""))
        if name not in sources:
            known = sorted(sources)
            raise UnknownName(
                f"unknown {self.singular} {name!r}{near(name, known)} (there are: {', '.join(known) or 'none'})"
            )
        return _member(self, name, sources[name])

    def members(self) -> dict[str, type[Member]]:
        """All members by name, imported."""
        return {name: self.get(name) for name in self.names()}

    def parse(self, value: object) -> Member:
        """A member from ``"name"``, ``"name:argument"``, ``{"name": ..., option: ...}`` or a member as it is."""
        if isinstance(value, Member):
            if value.family is not self:
                raise RequestError(f"{value.name!r} is one of {value.family.name}, not of {self.name}")
            return value
        if isinstance(value, str):
            return self._from_text(value)
        if isinstance(value, Mapping):
            return self._from_mapping(value)
        raise RequestError(f"{value!r} is not a {self.singular}; write its name, or a mapping with a name")

    def card(self, name: str) -> str:
        """The member's card: the docstring of its module."""
        return inspect.getdoc(sys.modules[self.get(name).__module__]) or ""

    def _from_text(self, text: str) -> Member:
        name, colon, argument = text.partition(":")
        if name not in self.names() and self.fallback is not None:
            name, colon, argument = self.fallback, ":", text
        return self._with_argument(self.get(name), argument if colon else None, {})

    def _from_mapping(self, value: Mapping[str, Any]) -> Member:
        options = dict(value)
        text = options.pop("name", None)
        if not isinstance(text, str):
            raise RequestError(f"{self.name}: a name is needed, one of {', '.join(self.names())}")
        name, colon, argument = text.partition(":")
        if name not in self.names() and self.fallback is not None:
            name, colon, argument = self.fallback, ":", text
        return self._with_argument(self.get(name), argument if colon else None, options)

    def _with_argument(self, member: type[Member], argument: str | None, options: dict[str, Any]) -> Member:
        if argument is not None:
            if member.ARGUMENT is None:
                raise RequestError(f"{self.singular} {member.name!r} takes no text behind a colon (given {argument!r})")
            options = {member.ARGUMENT: argument, **options}
        try:
            return build(member, options, f"{self.singular} {member.name}")
        except OptionError as error:
            if len(error.problems) == 1:
                raise RequestError(f"{self.singular} {member.name}: {error.problems[0]}") from None
            raise


def _restored(package: str, family: str, name: str, options: dict[str, Any]) -> Member:
    importlib.import_module(f"{package}._base")
    return build(FAMILIES[family].get(name), options)


def singular(name: str) -> str:
    """``scheme`` for ``schemes``, ``property`` for ``properties``, ``search`` for ``searches``."""
    if name.endswith("ches"):
        return name[:-2]
    return name[:-3] + "y" if name.endswith("ies") else name.removesuffix("s")


def member_names(family: str, package: str) -> list[str]:
    """The names of a family's members, sorted; imports neither them nor their contract."""
    return sorted(_sources(family, package, os.environ.get("TOMBOLA_PATH", "")))


def _sources(family: str, package: str, extra: str) -> dict[str, str]:
    """Where each member's module is: ``module:tombola.schemes.omp``, ``file:/x/schemes/mine.py`` or ``entry:...``."""
    found: dict[str, str] = {}
    for name, source in [*_own(package), *_folders(family, extra), *_entries(family)]:
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
    return [(entry.name, f"entry:{entry.value}") for entry in entry_points(group=f"tombola.{family}")]


@cache
def _member(family: Family, name: str, source: str) -> type[Member]:
    module = _load(source)
    found = [
        value
        for value in vars(module).values()
        if inspect.isclass(value)
        and issubclass(value, Member)
        and value.__module__ == module.__name__
        and not inspect.isabstract(value)
        and value.family is family
    ]
    if len(found) != 1:
        raise RequestError(
            f"{source} should hold exactly one class for the family {family.name}, it holds {len(found)};"
            f" write one final class in it that fills the contract {family.package}._base"
        )
    found[0].name = name
    return found[0]


def _load(source: str) -> ModuleType:
    kind, _, where = source.partition(":")
    if kind == "module":
        return importlib.import_module(where)
    if kind == "entry":
        return importlib.import_module(where.partition(":")[0])
    name = "tombola_path_" + re.sub(r"\W", "_", where)
    spec = importlib.util.spec_from_file_location(name, where)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
