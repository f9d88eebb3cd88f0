"""`Timing`: what a study's `bench` asks for: engines that take turns, and what they run on."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import field_validator, model_validator

from tombola.benching.numbers import SAMPLES
from tombola.engines._base import Engine
from tombola.spec import Spec, option


class Timing(Spec):
    """Engines timed in turns on one machine. A list, or one name, is the engines."""

    engines: tuple[Engine, ...] = option(help="what runs the finished network: native, onnxruntime:int8", min_length=1)
    batch: int = option(1, "images at once", ge=1)
    threads: int = option(1, "threads of each engine", ge=1)
    seconds: float = option(3.0, "how long each engine is timed", gt=0)
    judged: Literal["test", "val"] = option(
        "test", "whose samples accuracy is of; val, where it is looked at to choose by", absent="test"
    )
    samples: int = option(SAMPLES, "of so many of them, each class by its share", ge=1, absent=SAMPLES)
    only_timed: tuple[str, ...] = option(
        (), "engines, by their labels, whose accuracy is not asked: a yardstick for the times of others", absent=()
    )

    @model_validator(mode="before")
    @classmethod
    def _engines_alone(cls, value: Any) -> Any:
        return value if isinstance(value, Mapping | Timing) else {"engines": value}

    @field_validator("engines", mode="before")
    @classmethod
    def _one_or_more(cls, value: object) -> object:
        return (value,) if isinstance(value, str | Mapping) else value

    @field_validator("engines")
    @classmethod
    def _all_here(cls, engines: tuple[Engine, ...]) -> tuple[Engine, ...]:
        """An engine that is not installed is missed now, not after hours of training."""
        labels = [engine.label for engine in engines]
        if len(set(labels)) < len(labels):
            raise ValueError(f"{', '.join(labels)}: names one engine twice; write it once")
        if missing := [f"{engine.label} {engine.missing()}" for engine in engines if engine.missing()]:
            raise ValueError("; ".join(missing))
        return engines

    def versions(self) -> dict[str, dict[str, str]]:
        """By engine, of what decides its times."""
        return {engine.label: engine.versions() for engine in self.engines}
