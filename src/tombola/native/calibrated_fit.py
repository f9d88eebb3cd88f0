"""`fit`: the numbers of a `Machine` that make the model of costs meet measured times."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tombola.native.choosing import Choice, Machine, cost, shipped
from tombola.native.program import Step
from tombola.native.targets import vector

Floats: TypeAlias = npt.NDArray[np.float64]
CACHES = (1.0, 0.35, 0.5, 0.7, 1.4, 2.0, 2.8)
"""What the first cache may hold, by what is shipped: a threshold, a whole number, has no slope to follow."""
PULL = 0.05
"""How much an error of one (by natural logarithms) of a number against what is shipped counts against one of a time."""


@dataclass(frozen=True, eq=False)
class Sample:
    """One layer computed one way, its survivors in that way's groups, and the seconds it took."""

    step: Step
    choice: Choice
    lists: int
    seconds: float


def fit(samples: Sequence[Sample], start: Machine | None = None) -> Machine:
    """The machine whose model is nearest: least squares of the times' logarithms, outliers counted less."""
    first = _scaled(start or shipped(vector("native")), samples)
    tried = [_near(replace(first, first_cache=round(first.first_cache * part)), samples) for part in CACHES]
    return min(tried, key=lambda pair: round(pair[0], 9))[1]


def errors(machine: Machine, samples: Sequence[Sample]) -> list[float]:
    """How far the model is from each time, in parts of it."""
    return [float(error) for error in np.abs(_modelled(machine, samples) / _times(samples) - 1)]


def _near(start: Machine, samples: Sequence[Sample]) -> tuple[float, Machine]:
    """The least misfit from a machine on, and the machine it is of."""
    from scipy.optimize import least_squares

    names = [field.name for field in fields(Machine) if isinstance(getattr(start, field.name), float)]
    shipped = np.log([getattr(start, name) for name in names])
    times = np.log(_times(samples))

    def residuals(numbers: Floats) -> Floats:
        misfit = np.log(_modelled(_with(start, names, numbers), samples)) - times
        pull = np.where(np.array(names) == "nanoseconds", 0.0, PULL) * (numbers - shipped) * np.sqrt(len(samples))
        return np.concatenate([misfit, pull])

    found = least_squares(residuals, shipped, loss="soft_l1", f_scale=0.1, max_nfev=60)
    return float(found.cost), _with(start, names, found.x)


def _with(machine: Machine, names: Sequence[str], numbers: Floats) -> Machine:
    values: dict[str, Any] = {name: float(number) for name, number in zip(names, np.exp(numbers), strict=True)}
    return replace(machine, **values)


def _scaled(machine: Machine, samples: Sequence[Sample]) -> Machine:
    """The same in proportion, with a clock that meets the times in the middle."""
    factor = float(np.median(_times(samples) / _modelled(machine, samples)))
    return replace(machine, nanoseconds=machine.nanoseconds * factor)


def _modelled(machine: Machine, samples: Sequence[Sample]) -> Floats:
    return np.array([_seconds(item, machine) for item in samples])


def _seconds(item: Sample, machine: Machine) -> float:
    op: Any = item.step.op
    inp, out = item.step.reads[0].layout, item.step.writes.layout
    return 1e-9 * machine.nanoseconds * cost(op, inp, out, item.choice, item.lists, machine)


def _times(samples: Sequence[Sample]) -> Floats:
    return np.array([item.seconds for item in samples])
