"""The contract of a tracker: a program that keeps the numbers of trainings, beside our own progress.

A tracker writes what it is given and decides nothing: it is in no key, and no bit of a training depends on it.
"""

import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from tombola.errors import RequestError
from tombola.registry import Family, Member
from tombola.spec import Json


class Run(ABC):
    """One training in a tracker."""

    @abstractmethod
    def made_with(self, options: Mapping[str, Json]) -> None:
        """Keep what the training is made with, by dotted names: ``optimizer.lr``."""

    @abstractmethod
    def found(self, step: int, numbers: Mapping[str, float]) -> None:
        """Keep numbers that were found when so many steps were done; steps never go back."""

    @abstractmethod
    def end(self, *, well: bool) -> None:
        """Nothing more comes; ``well`` where the training came to its end."""


class Tracker(Member):
    """Keeps the numbers of trainings, each a `Run`."""

    family: ClassVar[Family] = Family("trackers", "tombola.fitting.trackers")
    NEEDS: ClassVar[tuple[str, ...]] = ()  # packages that it writes with

    def require(self) -> None:
        """Raise `RequestError`, saying what to type, where a package is not installed; asked before any training."""
        lacking = [name for name in self.NEEDS if importlib.util.find_spec(name) is None]
        if lacking:
            raise RequestError(
                f"tracker {self.name} needs {' and '.join(lacking)}, not installed here; type:"
                " pip install 'tombola[track]'"
            )

    @abstractmethod
    def begin(self, title: str) -> Run:
        """A new run of this name, which may hold slashes."""


def dotted(options: Mapping[str, Json], before: str = "") -> dict[str, Json]:
    """Options of options by dotted names.

    >>> dotted({"optimizer": {"name": "sgd", "lr": 0.1}, "batch": 8})
    {'optimizer.name': 'sgd', 'optimizer.lr': 0.1, 'batch': 8}
    """
    found: dict[str, Json] = {}
    for name, value in options.items():
        found |= dotted(value, f"{before}{name}.") if isinstance(value, dict) else {f"{before}{name}": value}
    return found
