"""What a report says of a study beside its rows: name, versions, machine, stages, how to rerun it."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from tombola.errors import OptionError
from tombola.rows import Scalar


class Tally(BaseModel):
    """How many stages of one kind there are, how many were found in the store, and the time the others took."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    count: int = Field(0, ge=0, description="how many there are")
    cached: int = Field(0, ge=0, description="how many were in the store already")
    seconds: float = Field(0.0, ge=0, description="the time they took whenever they ran, summed over all of them")
    alone: int | None = Field(None, ge=0, description="how many the cells would run if each were run by itself")


class About(BaseModel):
    """Everything is optional; a name this version does not know is shown as it is."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: str = Field("", description="the study's name")
    title: str = Field("", description="what the study asks, one line")
    task: str = Field("", description="the task everything was transferred to, for the headline")
    versions: dict[str, str] = Field(default_factory=dict, description="versions by package")
    machine: dict[str, Scalar] = Field(default_factory=dict, description="the kind of machine: cores, device, ...")
    stages: dict[str, Tally] = Field(default_factory=dict, description="stage counts and times, in the order they run")
    seconds: float | None = Field(None, ge=0, description="wall time of the whole run")
    cells: int | None = Field(None, ge=0, description="how many cells the study has")
    energy_kwh: float | None = Field(None, ge=0, description="the energy the run took, where it was measured")
    commands: tuple[str, ...] = Field((), description="commands that make these rows again")
    study: str = Field("", description="the study file, YAML")
    by: str = Field("", description="the axis whose levels are compared; empty: the prior, or what else varies")

    @field_validator("stages", mode="before")
    @classmethod
    def _counts_alone(cls, value: object) -> object:
        """``{"pretrain": 6}`` means ``{"pretrain": {"count": 6}}``."""
        if not isinstance(value, Mapping):
            return value
        return {name: {"count": tally} if isinstance(tally, int) else tally for name, tally in value.items()}

    @field_validator("machine", mode="before")
    @classmethod
    def _machine_in_words(cls, value: object) -> object:
        return {"machine": value} if isinstance(value, str) and value else value or {}

    @field_validator("commands", mode="before")
    @classmethod
    def _one_command(cls, value: object) -> object:
        return (value,) if isinstance(value, str) and value else value or ()

    @classmethod
    def of(cls, value: "About | Mapping[str, Any] | None") -> "About":
        """``value`` as an `About`; a mapping is checked, all its problems in one `OptionError`."""
        if isinstance(value, About):
            return value
        try:
            return cls.model_validate(dict(value or {}))
        except ValidationError as error:
            problems = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors(include_url=False)]
            raise OptionError("what the report says of the study", problems) from None

    @property
    def made(self) -> str:
        """``made on PROCESSOR, with torch 2.15.0``: what a number may hang on; empty where neither is known."""
        processor, torch = self.machine.get("processor"), self.versions.get("torch")
        told = [f"on {processor}"] if processor else []
        told += [f"with torch {torch}"] if torch else []
        return f"made {', '.join(told)}" if told else ""

    def further(self) -> dict[str, str]:
        """What was given beyond the names above, as text."""
        return {name: str(value) for name, value in (self.model_extra or {}).items() if value not in (None, "")}
