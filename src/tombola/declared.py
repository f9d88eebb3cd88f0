"""A member's card and options as its file declares them, read and not run: lists and cards need no torch.

What the text alone does not say (a default that is computed) raises `Undeclared`; whoever asks then imports the class.
`tombola.spec.options_of` says the same of an imported class, which a test compares for every member.

>>> from tombola.finding import module_file
>>> options_in(module_file("tombola.attacks.fgsm"))[0].name
'eps'
"""

import ast
import builtins
import inspect
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias

from tombola.errors import RequestError
from tombola.finding import module_file

_SIGNS: Final = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_AS_THEY_ARE: Final = ("Path", "File", "dict")
"""What may be called around a constant and leaves it what it is, as JSON has it."""
_ENDS: Final = {"Spec", "BaseModel", "ABC", "object", "Generic", "Protocol"}
"""Bases that bring no option."""


_Field: TypeAlias = tuple[str, ast.expr, ast.expr | None]
"""An option: its name, its type and what is on the right."""


class Undeclared(Exception):
    """The text does not say it."""


@dataclass(frozen=True)
class OptionText:
    """An option as help pages show it."""

    name: str
    kind: str
    default: str
    help: str


def card_in(file: Path) -> str:
    """The docstring of a module."""
    return inspect.cleandoc(ast.get_docstring(_Module.at(file).tree) or "")


def options_in(file: Path) -> list[OptionText]:
    """The options of a member's file, those of its bases first; raises `Undeclared`."""
    return [where.option(*field) for where, field in _fields(file)]


def option_names_in(file: Path) -> list[str]:
    """What the options are called."""
    return [name for _, (name, _, _) in _fields(file)]


def _fields(file: Path) -> "list[tuple[_Module, _Field]]":
    """The fields of the one class in a member's file that is of its family, and the modules they stand in."""
    module = _Module.at(file)
    lines = [line for node in module.classes.values() if (line := _line_of_member(module, node))]
    finals = [line for line in lines if any(ast.unparse(one) == "final" for one in line[0][1].decorator_list)]
    own = [line for line in finals or lines if not line[0][1].name.startswith("_")]
    if len(own) != 1:
        raise Undeclared(f"{file}: {len(own)} classes")
    found: dict[str, tuple[_Module, _Field]] = {}
    for where, node in reversed(own[0]):
        found |= {field[0]: (where, field) for field in where.fields(node)}
    return list(found.values())


def first_line(card: str) -> str:
    """What a card says first."""
    return card.strip().partition("\n")[0]


@dataclass(frozen=True)
class _Module:
    """What a module's text binds names to."""

    tree: ast.Module
    classes: dict[str, ast.ClassDef]
    values: dict[str, ast.expr]
    imports: dict[str, tuple[str, str]]

    @classmethod
    def at(cls, file: Path) -> "_Module":
        return _parsed(file, file.stat().st_mtime_ns)

    def resolved(self, name: str) -> "tuple[_Module, ast.ClassDef | ast.expr | None]":
        """Where a name is bound and to what; None for what is not of Tombola's text."""
        if name in self.classes or name in self.values:
            return self, self.classes.get(name) or self.values[name]
        module, original = self.imports.get(name, ("", ""))
        file = module_file(module) if module.startswith("tombola.") else None
        return (self, None) if file is None else _Module.at(file).resolved(original)

    def fields(self, node: ast.ClassDef) -> "Iterator[_Field]":
        for item in node.body:
            if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
                name, kind = item.target.id, ast.unparse(item.annotation)
                if not name.startswith("_") and not kind.startswith(("ClassVar", "Final")):
                    yield name, item.annotation, item.value

    def option(self, name: str, annotation: ast.expr, value: ast.expr | None) -> OptionText:
        call = value if isinstance(value, ast.Call) and ast.unparse(value.func) == "option" else None
        if call is None:
            return OptionText(name, self.kind(annotation), "required" if value is None else self.default(value), "")
        given = {word.arg: word.value for word in call.keywords if word.arg is not None}
        given |= dict(zip(("default", "help"), call.args, strict=False))
        bounds = [f"{sign} {self.value(given[word])}" for word, sign in _SIGNS.items() if word in given]
        default = self.default(given["default"]) if "default" in given else "required"
        help_ = str(self.value(given["help"])) if "help" in given else ""
        return OptionText(name, " ".join([self.kind(annotation), *bounds]), default, help_)

    def kind(self, annotation: ast.expr) -> str:
        """A type in words, as `tombola.spec` has it."""
        if isinstance(annotation, ast.BinOp):
            return f"{self.kind(annotation.left)} | {self.kind(annotation.right)}"
        if isinstance(annotation, ast.Constant):
            text = annotation.value
            return "none" if text is None else self.kind(ast.parse(str(text), mode="eval").body)
        if isinstance(annotation, ast.Subscript):
            return self._subscripted(ast.unparse(annotation.value), annotation.slice)
        if isinstance(annotation, ast.Name):
            return self._named(annotation.id)
        raise Undeclared(ast.unparse(annotation))

    def _subscripted(self, outer: str, inner: ast.expr) -> str:
        parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        if outer == "Annotated":
            return self.kind(parts[0])
        return " | ".join(str(self.value(part)) for part in parts) if outer == "Literal" else outer.lower()

    def _named(self, name: str) -> str:
        module, bound = self.resolved(name)
        if isinstance(bound, ast.expr):
            return module.kind(bound)
        return (self.imports.get(name, ("", name))[1] if bound is None else bound.name).lower()

    def default(self, value: ast.expr) -> str:
        found = self.value(value)
        if found is ... or found is None:
            return "none" if found is None else "required"
        return json.dumps(found, sort_keys=True, separators=(",", ":")).strip('"')

    def value(self, node: ast.expr) -> Any:
        """What a constant expression is; raises `Undeclared` for what runs code."""
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name) and not hasattr(builtins, node.id):
            module, bound = self.resolved(node.id)
            if isinstance(bound, ast.expr):
                return module.value(bound)
        if isinstance(node, ast.Tuple | ast.List):
            return [self.value(item) for item in node.elts]
        if isinstance(node, ast.Dict) and None not in node.keys:
            keys = [self.value(key) for key in node.keys if key is not None]
            return dict(zip(keys, map(self.value, node.values), strict=True))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in _AS_THEY_ARE and len(node.args) == 1:
            return self.value(node.args[0])
        if isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.FormattedValue) else part for part in node.values]
            return "".join(str(self.value(part)) for part in parts)
        if isinstance(node, ast.BinOp | ast.UnaryOp) and not any(
            isinstance(part, ast.Call | ast.Name) for part in ast.walk(node)
        ):
            return eval(compile(ast.Expression(node), "", "eval"), {"__builtins__": {}})  # numbers and signs alone
        raise Undeclared(ast.unparse(node))


@cache
def _parsed(file: Path, changed: int) -> _Module:
    del changed  # part of the cache's key
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError) as error:
        raise RequestError(f"{file}: is no Python that can be read: {error}") from None
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    values: dict[str, ast.expr] = {}
    imports: dict[str, tuple[str, str]] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            values[node.targets[0].id] = node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            values[node.target.id] = node.value
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            imports |= {name.asname or name.name: (node.module, name.name) for name in node.names}
    return _Module(tree, classes, values, imports)


def _line_of_member(module: _Module, node: ast.ClassDef) -> list[tuple[_Module, ast.ClassDef]]:
    """A class and all it inherits from, in the order Python asks them; empty for what is no member."""
    try:
        line = _line(module, node)
    except Undeclared:
        return []
    return line if any(one.name == "Member" for _, one in line) else []


def _line(module: _Module, node: ast.ClassDef) -> list[tuple[_Module, ast.ClassDef]]:
    """Empty classes of the same bases say in which order."""
    made: dict[int, type] = {}
    of: dict[type, tuple[_Module, ast.ClassDef]] = {}

    def like(where: _Module, one: ast.ClassDef) -> type:
        if id(one) not in made:
            bases = [_bound(where, base) for base in one.bases]
            made[id(one)] = type(one.name, tuple(like(*base) for base in bases if base is not None), {})
            of[made[id(one)]] = (where, one)
        return made[id(one)]

    return [of[one] for one in like(module, node).__mro__ if one in of]


def _bound(where: _Module, base: ast.expr) -> tuple[_Module, ast.ClassDef] | None:
    name = ast.unparse(base).partition("[")[0]
    if name in _ENDS:
        return None
    module, bound = where.resolved(name)
    if not isinstance(bound, ast.ClassDef):
        raise Undeclared(f"{name} is no class of Tombola's")
    return module, bound
