"""Experiments from the options of cells: what several cells share is built and checked once."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tombola.spec import build
from tombola.study.axes import Axis, Value
from tombola.study.experiment import Experiment


class Building:
    """Builds the cells of one study, whose axes decide which options differ between them."""

    def __init__(self, axes: Sequence[Axis], subject: str) -> None:
        self._subject: Final = subject
        self._deciding: Final = {
            root: [
                place for place, axis in enumerate(axes) if any(path.partition(".")[0] == root for path in axis.paths)
            ]
            for root in Experiment.model_fields
        }
        self._built: Final[dict[tuple[object, ...], Any]] = {}

    def experiment(self, options: Mapping[str, Any], values: Sequence[Value]) -> Experiment:
        """The experiment of a cell: its options, which the values have set; raises what `build` raises."""
        keys = {root: (root, *(id(values[place]) for place in self._deciding[root])) for root in options}
        known = {root: self._built[key] for root, key in keys.items() if key in self._built}
        found = build(Experiment, {**options, **known}, self._subject)
        for root, key in keys.items():
            self._built.setdefault(key, getattr(found, root))
        return found
