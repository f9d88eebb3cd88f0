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
import re
import sys
from abc import ABC
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Self, TypeAlias

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from tombola.errors import OptionError, RequestError
from tombola.finding import member_names, singular, source_of
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
        return _member(self, name, source_of(self.name, self.package, name))

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
