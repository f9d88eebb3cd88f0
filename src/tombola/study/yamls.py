"""YAML, read safely: plain data, each key once, and no more of it than a study can need.

What is read holds at most `MOST_VALUES` values once every alias is written out, `MOST_LEVELS` levels, and whole numbers
of 64 bits. That is counted on the text's events, before anything is built.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import yaml

from tombola.errors import RequestError

MOST_BYTES: Final = 1_000_000
MOST_VALUES: Final = 50_000
MOST_LEVELS: Final = 64
_KINDS: Final = ("null", "bool", "int", "float", "str", "seq", "map")
_CONSTRUCTORS: Final = yaml.SafeLoader.yaml_constructors
Node: TypeAlias = yaml.nodes.Node


class _Strict(yaml.SafeLoader):
    """Plain data only, each key once. A date is text, and a tag that asks for anything else is refused."""

    yaml_constructors = {f"tag:yaml.org,2002:{kind}": _CONSTRUCTORS[f"tag:yaml.org,2002:{kind}"] for kind in _KINDS} | {
        None: _CONSTRUCTORS[None]
    }

    def construct_object(self, node: Node, deep: bool = False) -> Any:
        """As ever, but a text that its tag does not fit is an error of the document."""
        try:
            found = super().construct_object(node, deep=deep)
        except (ValueError, LookupError, AttributeError, TypeError) as error:
            raise _problem(f"{node.value!r} is not a value ({error})", node.start_mark) from None
        if isinstance(found, int) and abs(found) >= 1 << 63:
            raise _problem(f"{node.value} is beyond 64 bits", node.start_mark)
        return found

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise _problem(f"{key.value!r} is written twice", key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


_Strict.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in found if not tag.endswith(":timestamp")]
    for letter, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass
class _Part:
    """A value being read: how many values and levels it is, aliases written out."""

    anchor: str | None
    values: int = 1
    levels: int = 1


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping a YAML file holds; raises `RequestError` naming the file and the line."""
    try:
        with path.open("rb") as file:
            text = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise RequestError(f"{path}: cannot be read ({error.strerror})") from None
    if len(text) > MOST_BYTES:
        raise RequestError(f"{path}: is larger than {MOST_BYTES:,} bytes; a study is a few lines, write it with axes")
    try:
        found = read_value(text.decode(), str(path))
    except UnicodeDecodeError as error:
        raise RequestError(f"{path}: cannot be read ({error})") from None
    except yaml.YAMLError as error:
        raise RequestError(f"{path}: is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(found, dict):
        raise RequestError(f"{path}: should hold keys and values, such as 'model: resnet8'")
    return found


def read_value(text: str, name: str) -> Any:
    """The value a YAML text holds; raises `yaml.YAMLError`, or for too much a `RequestError` about ``name``."""
    _require_bounded(text, name)
    return yaml.load(text, _Strict)


def _require_bounded(text: str, name: str) -> None:
    whole = _Part(None)
    above, known = [whole], dict[str, _Part]()

    def add(part: _Part) -> None:
        above[-1].values += part.values
        above[-1].levels = max(above[-1].levels, part.levels + 1)
        if part.anchor is not None:
            known[part.anchor] = part

    for event in yaml.parse(text, _Strict):
        if isinstance(event, yaml.events.CollectionStartEvent):
            above.append(_Part(event.anchor))
        elif isinstance(event, yaml.events.CollectionEndEvent):
            add(above.pop())
        elif isinstance(event, yaml.events.AliasEvent):
            add(_aliased(event, known))
        elif isinstance(event, yaml.events.ScalarEvent):
            add(_Part(event.anchor))
        else:
            continue
        if len(above) - 1 + above[-1].levels > MOST_LEVELS:
            raise _too_much(
                name, event, f"more than {MOST_LEVELS} levels", "write it flatter, as in draw.sparsity: 0.9"
            )
        if sum(part.values for part in above) > MOST_VALUES:
            raise _too_much(name, event, f"more than {MOST_VALUES:,} values, aliases written out", "write fewer")


def _aliased(event: yaml.events.AliasEvent, known: dict[str, _Part]) -> _Part:
    if event.anchor not in known:
        raise _problem(f"the alias *{event.anchor} stands for nothing written before it", event.start_mark)
    return _Part(None, known[event.anchor].values, known[event.anchor].levels)


def _too_much(name: str, event: yaml.events.Event, what: str, remedy: str) -> RequestError:
    line = "" if event.start_mark is None else f" at line {event.start_mark.line + 1}"
    return RequestError(f"{name}: {what}{line}; {remedy}")


def _problem(text: str, mark: Any) -> yaml.constructor.ConstructorError:
    return yaml.constructor.ConstructorError(None, None, text, mark)
