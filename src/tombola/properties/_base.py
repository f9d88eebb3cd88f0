"""The contract of a property: what is measured of a finished model on a task."""

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.registry import Family, Member
from tombola.rows import Scalar
from tombola.tasks._base import Task


@dataclass(frozen=True)
class Measurement:
    """One value, what it is a value of, and the budget it was measured with."""

    metric: str
    value: float
    samples: int
    unit: str = ""
    better: Literal["higher", "lower", "neither"] = "higher"
    detail: dict[str, Scalar] = field(default_factory=dict)


class Property(Member):
    """Measures a model on a task's test split. The model comes back as given."""

    family: ClassVar[Family] = Family("properties", "tombola.properties")

    @abstractmethod
    def measure(self, model: Network, task: Task, *, seed: int, session: Session) -> list[Measurement]:
        """The property's values, the headline first."""
