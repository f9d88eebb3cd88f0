"""Options by their path: ``draw.sparsity`` in a tree of mappings, names and specs; and ``path=value`` texts."""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from tombola.errors import RequestError
from tombola.registry import Member
from tombola.spec import Spec
from tombola.study.yamls import MOST_LEVELS, read_value

_TEXT_IS = {"pretrain": "preset", "fit": "preset"}
"""Which option a bare text stands for, by the name of what holds it; ``name`` for everything else."""


def put(tree: Any, path: str, value: Any) -> Any:
    """A copy of ``tree`` with ``value`` at ``path``; a bare name on the way becomes a mapping with that name."""
    if path.count(".") >= MOST_LEVELS:
        raise RequestError(f"{path}: a path of more than {MOST_LEVELS} names; options lie less deep")
    return _put(tree, path.split("."), value, ())


def get(tree: Any, path: str) -> Any:
    """The value at ``path``, None where there is none."""
    for part in path.split("."):
        tree = tree.get(part) if isinstance(tree, Mapping) else None
    return tree


def _put(tree: Any, path: Sequence[str], value: Any, above: tuple[str, ...]) -> Any:
    if not path:
        return value
    head, *rest = path
    opened = _opened(tree, above)
    if isinstance(opened, list):
        if not head.isdigit() or int(head) >= len(opened):
            raise RequestError(f"{'.'.join(above)} is a list of {len(opened)}; write {'.'.join(above)}.0 for its first")
        return [_put(item, rest, value, (*above, head)) if i == int(head) else item for i, item in enumerate(opened)]
    if not isinstance(opened, Mapping):
        raise RequestError(f"{'.'.join((*above, *path))}: {'.'.join(above)} is {tree!r} and has no options")
    return {**opened, head: _put(opened.get(head), rest, value, (*above, head))}


def _opened(tree: Any, above: tuple[str, ...]) -> Any:
    if tree is None:
        return {}
    if isinstance(tree, str):
        return {_TEXT_IS.get(above[-1] if above else "", "name"): tree}
    if isinstance(tree, Spec):
        named = {"name": tree.name} if isinstance(tree, Member) else {}
        return named | {name: getattr(tree, name) for name in type(tree).model_fields}
    return list(tree) if isinstance(tree, tuple) else tree


def override(text: str) -> tuple[str, list[Any]]:
    """``"draw.sparsity=0.8,0.9"`` as its path and its values, each typed as YAML types it."""
    path, equals, values = text.partition("=")
    if not equals or not path.strip() or not values.strip():
        raise RequestError(
            f"{text!r}: write a path and a value, as in draw.sparsity=0.9, or values: draw.sparsity=0.8,0.9"
        )
    try:
        found = read_value(f"[{values}]", path.strip())
    except yaml.YAMLError as error:
        why = f" ({error.problem})" if isinstance(error, yaml.constructor.ConstructorError) else ""
        raise RequestError(f"{text!r}: {values!r} is no value, nor values with commas between{why}") from None
    return path.strip(), found
