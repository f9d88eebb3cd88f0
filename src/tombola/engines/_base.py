"""The contract of an engine: something that runs a finished model, to be timed beside others.

A model is prepared here and loaded in a process of its own, which imports what the engine needs and nothing else: so
this file imports no torch, and neither does an engine that does without.
"""

import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from tombola.registry import Family, Member
from tombola.shown import Arrays, Examples, Shown

if TYPE_CHECKING:
    from tombola.masks.masks import Masks
    from tombola.models.network import Network

Floats: TypeAlias = NDArray[np.float32]
T = TypeVar("T")


@dataclass(frozen=True)
class Setting:
    """What a model is run on: so many images of a size, or texts of a length, at once, on so many threads."""

    shown: Shown
    batch: int = 1
    threads: int = 1

    @property
    def shape(self) -> tuple[int, ...]:
        """Of every input: (N, C, H, W) of images, (N, L) of texts."""
        return (self.batch, *self.shown.shape)


@dataclass(frozen=True)
class Subject:
    """What engines are given: a masked model, what it is run on, and samples to calibrate on, where there are any.

    ``cut``: whether channels were taken out of the model, whose own code may not fit it any longer.
    """

    model: "Network"
    masks: "Masks"
    setting: Setting
    examples: Examples | None = None
    cut: bool = False
    _made: dict[str, Any] = field(default_factory=dict, init=False, compare=False, repr=False)

    def once(self, name: str, make: Callable[[], T]) -> T:
        """What ``make`` returns, made once under this name: several engines begin with the same file."""
        if name not in self._made:
            self._made[name] = make()
        found: T = self._made[name]
        return found


@dataclass(frozen=True)
class LayerTime:
    """One layer of a running model: the time of one run, how many weights survive of how many, how it is computed."""

    name: str
    kind: str
    seconds: float
    survivors: int = 0
    total: int = 0
    choice: str = ""


class Running(ABC):
    """A model loaded into this process."""

    @abstractmethod
    def run(self, inputs: Arrays) -> Floats:
        """The logits of as many samples as the setting's batch; their inputs are called as `Shown` says."""

    def layers(self, inputs: Arrays) -> list[LayerTime]:
        """Where the time of a run goes; empty for an engine that does not say."""
        return []


class Engine(Member):
    """Runs a masked model. The model given is not changed."""

    family: ClassVar[Family] = Family("engines", "tombola.engines")

    NEEDS: ClassVar[tuple[str, ...]] = ()
    """Packages to import."""
    EXTRA: ClassVar[str] = ""
    """What to type behind ``pip install`` to have them."""
    USES_ZEROS: ClassVar[bool] = False
    """Whether pruned weights save it any work; the others are the yardstick."""

    @property
    def arithmetic(self) -> str:
        """What it multiplies: ``float32``, ``bfloat16`` or ``int8``."""
        return "float32"

    @property
    def label(self) -> str:
        """How it is called in tables: its name, and the text behind the colon where it has one."""
        argument = "" if self.ARGUMENT is None else f":{getattr(self, self.ARGUMENT)}"
        return f"{self.name}{argument}"

    def missing(self) -> str:
        """Empty when it can run here; else what is not installed, and what to type."""
        lacking = [name for name in self.NEEDS if importlib.util.find_spec(name) is None]
        return f"needs {' and '.join(lacking)}; type: pip install {self.EXTRA}" if lacking else ""

    def versions(self) -> dict[str, str]:
        """Of what decides its times, beside the processor: the packages it needs."""
        return {name: version(name) for name in self.NEEDS}

    def remarks(self, subject: Subject) -> Sequence[str]:
        """What must be said beside its time and its accuracy here, a few words each."""
        return ()

    @abstractmethod
    def prepare(self, subject: Subject, folder: Path) -> list[Path]:
        """The files written into ``folder``, which are all that `load` needs: what one would ship.

        Raises `RequestError` for a model it cannot run.
        """

    @abstractmethod
    def load(self, folder: Path, setting: Setting) -> Running:
        """The prepared model, in a process that may know nothing else."""
