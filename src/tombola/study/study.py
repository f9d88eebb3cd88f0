"""`Study`: base options and axes; their product is the study's cells."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod
from pathlib import Path
from typing import Any, Final

import yaml

from tombola.errors import OptionError, RequestError, near
from tombola.rows import Scalar
from tombola.spec import Json, Spec, plain
from tombola.study.axes import MOST_CELLS, ROOTS, Axis, Value, is_path, labelled, read_axis
from tombola.study.building import Building
from tombola.study.experiment import Experiment
from tombola.study.settings import override, put
from tombola.study.yamls import read_yaml

KEYS: Final = ("name", "title", *ROOTS, "axes")

_LONGEST_NAME: Final = 100
_ENOUGH: Final = 1000  # problems, most of them the same in every cell

_DEFAULTS: Final = {
    name: field.default for name, field in Experiment.model_fields.items() if isinstance(field.default, str)
}


@dataclass(frozen=True)
class Cell:
    """One combination of the axes' values: the labels for its rows, and the experiment."""

    labels: Mapping[str, Scalar]
    experiment: Experiment


@dataclass(frozen=True)
class Study:
    """A named set of experiments. Nothing is judged before `cells`, so that all problems come in one report."""

    name: str
    options: Mapping[str, Any]
    axes: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""
    problems: tuple[str, ...] = ()
    last: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def of(cls, given: Mapping[str, Any], name: str = "study") -> "Study":
        """A study from what a study file holds."""
        strays = [key for key in given if key not in KEYS]
        problems = [f"{key}: no such key{near(str(key), KEYS)} (the keys are {', '.join(KEYS)})" for key in strays]
        axes = given.get("axes") or {}
        if not isinstance(axes, Mapping):
            problems.append(f"axes: should map paths to lists of values, not be {axes!r}")
            axes = {}
        options = {key: value for key, value in given.items() if key in ROOTS}
        called, title = str(given.get("name", name)), str(given.get("title", ""))
        if problem := _name_problem(called):
            problems.append(problem)
        return cls(called, options, dict(axes), title, tuple(problems))

    @classmethod
    def read(cls, path: Path) -> "Study":
        """The study in a YAML file; raises `RequestError` when it is no file or no YAML."""
        return cls.of(read_yaml(path), path.stem)

    def override(self, texts: Iterable[str]) -> "Study":
        """The study with ``path=value`` settings: several values make an axis, an axis may be cut to some labels."""
        study = self
        for text in texts:
            try:
                study = study._set(*override(text))
            except RequestError as error:
                study = replace(study, problems=(*study.problems, f"--set {error}"))
        return study

    def cells(self) -> list[Cell]:
        """Every cell, the last axis running fastest; raises one `OptionError` with all problems of the study."""
        problems = list(self.problems)
        axes = self._axes(problems)
        problems += [told for axis in axes if "seed" in axis.paths for told in self._seeds_twice(axis)]
        if prod(len(axis.values) for axis in axes) > MOST_CELLS:
            raise OptionError(f"study {self.name}", [*problems, _too_many(axes)])
        cells: list[Cell] = []
        building = Building(axes, f"study {self.name}")
        for values in product(*(axis.values for axis in axes)):
            try:
                cells.append(self._cell(axes, values, building))
            except OptionError as error:
                problems += error.problems
            except RequestError as error:
                problems.append(str(error))
            if len(problems) > _ENOUGH:
                break
        if problems:
            raise OptionError(f"study {self.name}", list(dict.fromkeys(problems)))
        return cells

    def labels(self) -> dict[str, list[Scalar]]:
        """The axes by name, with what their values are called; one that cannot be read is left out."""
        return {axis.name: [value.label for value in axis.values] for axis in self._axes([])}

    def as_mapping(self) -> dict[str, Json]:
        """What a study file would hold, as plain JSON: reading it gives this study again."""
        head: dict[str, Any] = {"name": self.name, "title": self.title} if self.title else {"name": self.name}
        options = dict(self.options)
        for path, value in self.last:
            options = put(options, path, value)
        found = {**head, **options, **({"axes": self.axes} if self.axes else {})}
        return {name: _written(value) for name, value in found.items()}

    def as_yaml(self) -> str:
        """The study as a study file."""
        return yaml.safe_dump(self.as_mapping(), sort_keys=False, default_flow_style=None, width=100)

    def _axes(self, problems: list[str]) -> list[Axis]:
        axes: list[Axis] = []
        for name, given in self.axes.items():
            try:
                axes.append(read_axis(str(name), given))
            except RequestError as error:
                problems.append(str(error))
        return axes

    def _seeds_twice(self, axis: Axis) -> Iterator[str]:
        """What is wrong with an axis of seeds where levels share one: rows tell such levels apart by the seed alone."""
        first: dict[str, Scalar] = {}
        for value in axis.values:
            seed = str(value.sets.get("seed", self.options.get("seed", 0)))
            if seed in first:
                yield (
                    f"{axis.name}: {first[seed]} and {value.label} have the seed {seed} both, and only the seed tells"
                    " rows of this axis apart; give each a seed of its own, or write what differs as another axis"
                )
            first.setdefault(seed, value.label)

    def _cell(self, axes: list[Axis], values: tuple[Value, ...], building: Building) -> Cell:
        options: Any = {**_DEFAULTS, **self.options}  # so that a path may go into a default: draw.sparsity into omp
        settings = [pair for value in values for pair in value.sets.items()]
        absent = [path for path, value in settings if value is None]  # a cell without pretraining has no epochs to set
        last = [pair for pair in self.last if not any(pair[0].startswith(f"{path}.") for path in absent)]
        for path, value in (*settings, *last):
            options = put(options, path, value)
        labels = {axis.name: value.label for axis, value in zip(axes, values, strict=True) if "seed" not in axis.paths}
        return Cell(labels, building.experiment(options, values))

    def _set(self, path: str, values: list[Any]) -> "Study":
        root, _, rest = path.partition(".")
        if path in self.axes:
            return replace(self, axes={**self.axes, path: _chosen(path, self.axes[path], values)})
        if root in self.axes and not is_path(root):
            return replace(self, axes={**self.axes, root: _edited(root, self.axes[root], rest, _single(path, values))})
        if not is_path(path):
            axes = f" (axes here: {', '.join(self.axes)})" if self.axes else ""
            raise RequestError(f"{path}: no such option or axis{near(root, (*ROOTS, *self.axes))}{axes}")
        if setter := next((axis.name for axis in self._axes([]) if path in axis.paths), None):
            raise RequestError(
                f"{path}: the axis {setter} sets it; write {setter}=LABEL or {setter}.LABEL.{path}=VALUE"
            )
        if len(values) > 1:
            return replace(self, axes={**self.axes, path: values})
        if any(path.startswith(f"{other}.") for axis in self._axes([]) for other in axis.paths):
            return replace(self, last=(*self.last, (path, values[0])))
        return replace(self, options=put(dict(self.options), path, values[0]))


def _chosen(name: str, given: Any, wanted: list[Any]) -> Any:
    """The axis with the values wanted; a label stands for the value it labels."""
    known = labelled(name, given)
    by_label = {str(label): (label, value) for label, value in known}
    found: dict[Any, Any] = dict(by_label.get(str(item), (item, item)) for item in wanted)
    strange = [item for item in wanted if str(item) not in by_label]
    if strange and not is_path(name):
        raise RequestError(f"{name}={strange[0]}: no such label{near(str(strange[0]), list(by_label))}")
    return list(found) if all(label is value for label, value in found.items()) else found


def _edited(name: str, given: Any, rest: str, value: Any) -> Any:
    """A named axis with one path of one label changed: ``prior.robust.pretrain.epochs``."""
    label, _, path = rest.partition(".")
    values = dict(labelled(name, given))
    if label not in values or not path:
        raise RequestError(f"{name}.{rest}: write {name}.LABEL.path, with a label of {', '.join(map(str, values))}")
    sets = dict(values[label])
    held = next((held for held in sets if path.startswith(f"{held}.")), None)
    if held is None:
        return {**values, label: {**sets, path: value}}
    last = held.rpartition(".")[2]
    return {**values, label: {**sets, held: put({last: sets[held]}, last + path[len(held) :], value)[last]}}


def _single(path: str, values: list[Any]) -> Any:
    if len(values) != 1:
        raise RequestError(f"{path}: takes one value here, not {len(values)}")
    return values[0]


def _too_many(axes: list[Axis]) -> str:
    counts = " x ".join(f"{axis.name} {len(axis.values):,}" for axis in axes)
    largest = max(axes, key=lambda axis: len(axis.values))
    return (
        f"axes: {prod(len(axis.values) for axis in axes):,} cells ({counts}), and a study has at most {MOST_CELLS:,};"
        f" give an axis fewer values, as in --set {largest.name}={largest.values[0].label}, or write several studies"
    )


def _name_problem(name: str) -> str:
    good = (
        0 < len(name) <= _LONGEST_NAME
        and all(letter.isalnum() or letter in "-_./" for letter in name)
        and ".." not in name
    )
    return (
        ""
        if good and name[0].isalnum()
        else f"name={name!r}: should be up to {_LONGEST_NAME} letters, digits, - and _, as it names a folder"
    )


def _written(value: Any) -> Json:
    """``value`` as a study file writes it: specs with all their options and their name, without their versions."""
    if isinstance(value, Spec):
        return _written(_unversioned(value.identity()))
    if isinstance(value, Mapping):
        return {str(name): _written(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_written(item) for item in value]
    return plain(value)


def _unversioned(identity: Json) -> Json:
    """An identity without what no option of a study file is: the versions of the work."""
    if isinstance(identity, dict):
        return {name: _unversioned(value) for name, value in identity.items() if name != "version"}
    return [_unversioned(item) for item in identity] if isinstance(identity, list) else identity
