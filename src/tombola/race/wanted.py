"""What is asked of a race: a task, a pretrained model, how far accuracy may fall, and what counts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from tombola.models.source import Source
from tombola.race.limits import NONE, Limits
from tombola.spec import Json, key
from tombola.tasks._base import Task
from tombola.tasks._texts import OfTexts

Target: TypeAlias = Literal["latency", "size", "both"]


@dataclass(frozen=True)
class Wanted:
    """A request. ``margin`` is in points of accuracy below the dense net; ``minutes`` are of this machine's time."""

    model: Source
    task: Task
    margin: float = 1.0
    target: Target = "latency"
    minutes: float = 20.0
    batch: int = 1
    threads: int = 1
    fit: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    limits: Limits = NONE
    robust: float | None = None
    """How far an adversary may move each pixel; None: nobody trains against one."""

    @property
    def of_texts(self) -> bool:
        """Whether the task's samples are texts."""
        return isinstance(self.task, OfTexts)

    def identity(self) -> str:
        """What two requests share that may go on from each other's work: all of it."""
        told: dict[str, Json] = {
            "model": self.model.identity(),
            "task": self.task.identity(),
            "margin": self.margin,
            "target": self.target,
            "minutes": self.minutes,
            "batch": self.batch,
            "threads": self.threads,
            "fit": dict(self.fit),
            "seed": self.seed,
        }
        if self.limits:
            told["limits"] = [self.limits.ms, self.limits.bytes]
        if self.robust is not None:
            told["robust"] = self.robust
        return key("race", 1, told)
