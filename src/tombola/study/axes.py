"""`Axis`: one thing a study varies, and the values it takes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import Any, Final

from tombola.errors import RequestError, near
from tombola.registry import Member
from tombola.rows import Scalar
from tombola.spec import canonical
from tombola.study.experiment import Experiment

MOST_CELLS: Final = 20_000
"""Of a study, which plans as many in a minute; and so the most values of an axis."""
ROOTS: Final = tuple(Experiment.model_fields)


@dataclass(frozen=True)
class Value:
    """A value of an axis: how it is called in the rows, and what it sets, by path."""

    label: Scalar
    sets: Mapping[str, Any]


@dataclass(frozen=True)
class Axis:
    """A path (``draw.sparsity``) and its values, or a name of one's own whose values each set several paths.

    An axis that sets ``seed`` repeats the cells: rows carry the seed, and no label of it.
    """

    name: str
    values: tuple[Value, ...]

    @cached_property
    def paths(self) -> set[str]:
        """Every path that one of the values sets."""
        return {path for value in self.values for path in value.sets}


def is_path(name: str) -> bool:
    """Whether an axis sets what it is called, rather than what its values say."""
    return name.partition(".")[0] in ROOTS


def read_axis(name: str, given: Any) -> Axis:
    """An axis from a list of values, or a mapping of labels to values; raises `RequestError`.

    >>> [value.label for value in read_axis("draw.sparsity", [0.5, 0.9]).values]
    [0.5, 0.9]
    >>> read_axis("prior", {"natural": {"pretrain.objective": "natural"}}).values[0].sets
    {'pretrain.objective': 'natural'}
    """
    values = tuple(Value(label, _sets(name, label, item)) for label, item in labelled(name, given))
    if not values:
        raise RequestError(f"axes.{name}: has no values; write a list of them")
    spelled = Counter(canonical(value.label) for value in values)
    if doubles := sorted(label for label, count in spelled.items() if count > 1):
        raise RequestError(f"axes.{name}: lists {', '.join(doubles)} twice")
    return Axis(name, values)


def labelled(name: str, given: Any) -> list[tuple[Scalar, Any]]:
    """The labels and values that an axis is written as."""
    if isinstance(given, Mapping | Sequence) and not isinstance(given, str) and len(given) > MOST_CELLS:
        raise RequestError(
            f"axes.{name}: {len(given):,} values, and a study has at most {MOST_CELLS:,} cells; give fewer"
        )
    if isinstance(given, Mapping):
        found = list(given.items())
    else:
        items = given if isinstance(given, Sequence) and not isinstance(given, str) else [given]
        found = [_labelled(name, item) for item in items]
    for label, _ in found:
        _require_label(name, label)
    return found


def _require_label(name: str, label: object) -> None:
    """A label stands in rows and in files of JSON, which know neither lists nor infinities."""
    plain = label is None or isinstance(label, bool | int | float | str)
    if not plain or (isinstance(label, float) and not isfinite(label)):
        raise RequestError(f"axes.{name}: {label!r} is no label; write a text or a finite number")


def _labelled(name: str, item: Any) -> tuple[Scalar, Any]:
    if item is None or isinstance(item, bool | int | float | str):
        return item, item
    if isinstance(item, Member):
        return item.name, item
    if isinstance(item, Mapping) and "label" in item:
        rest = {option: value for option, value in item.items() if option != "label"}
        return item["label"], rest["value"] if set(rest) == {"value"} else rest
    if isinstance(item, Mapping) and isinstance(item.get("name"), str):
        return item["name"], item
    raise RequestError(f"axes.{name}: {item!r} needs a label; write 'LABEL: value', or a label in the mapping")


def _sets(name: str, label: Scalar, item: Any) -> Mapping[str, Any]:
    if is_path(name):
        return {name: item}
    if not isinstance(item, Mapping):
        raise RequestError(
            f"axes.{name}: a study has no option {name!r}{near(name.partition('.')[0], ROOTS)};"
            f" to vary several at once, let each label set them: {name}: {{{label}: {{pretrain.objective: natural}}}}"
        )
    if stray := [path for path in item if not is_path(str(path))]:
        raise RequestError(f"axes.{name}.{label}: no such option {stray[0]!r}{near(str(stray[0]), ROOTS)}")
    return {str(path): value for path, value in item.items()}
