"""The contract of a property: what is measured of a finished model on a task."""

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar, Literal, final

from tombola.data._counts import Counts
from tombola.errors import RequestError
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.registry import Family, Member
from tombola.rows import Scalar
from tombola.tasks._base import Task
from tombola.tickets.ticket import Ticket


@dataclass(frozen=True)
class Measurement:
    """One value, what it is a value of, and the budget it was measured with."""

    metric: str
    value: float
    samples: int
    unit: str = ""
    better: Literal["higher", "lower", "neither"] = "higher"
    detail: dict[str, Scalar] = field(default_factory=dict)
    outcomes: str = ""
    """Which samples were told right, as `tombola.outcomes` writes it, so that verdicts can pair them."""


class Property(Member):
    """Measures a model on a task's test split. The model comes back as given."""

    family: ClassVar[Family] = Family("properties", "tombola.properties")

    def check(self, task: Task) -> None:
        """Raise the `RequestError` of a task that this cannot be measured on; asked before anything trains."""

    def passes(self, counts: Counts) -> float | None:
        """What it costs on a task of these counts, in forward passes of one image: one over the test split.

        None where nothing can be said beforehand.
        """
        return counts.test

    @abstractmethod
    def measure(self, model: Network, task: Task, *, seed: int, session: Session) -> list[Measurement]:
        """The property's values, the headline first."""


class DenseProperty(Property):
    """Measures the dense network and a task; a study gives it the pretrained one, as it is before any ticket."""


class PairProperty(Property):
    """Measures a finished network beside another one on a task; a study gives it the dense one, adapted as it was."""

    def passes(self, counts: Counts) -> float | None:
        """Two networks over the test split."""
        return 2 * counts.test

    @abstractmethod
    def compare(self, model: Network, dense: Network, task: Task, *, seed: int, session: Session) -> list[Measurement]:
        """The property's values, the headline first. Both answer in the order of the task's classes."""

    @final
    def measure(self, model: Network, task: Task, *, seed: int, session: Session) -> list[Measurement]:
        raise RequestError(
            f"{self.name} looks at two networks, and this is one;"
            f" write: tombola measure x.ticket --dense y.ticket --property {self.name} --task ..."
        )


class TicketProperty(Property):
    """Measures a ticket by itself, beside the dense network it was drawn from; no task and no transfer is looked at."""

    def passes(self, counts: Counts) -> float | None:
        """Nothing: the network is not run."""
        return 0.0

    @abstractmethod
    def inspect(self, ticket: Ticket, dense: Network, *, seed: int, session: Session) -> list[Measurement]:
        """The property's values, the headline first. Neither the ticket nor the network is changed."""

    @final
    def measure(self, model: Network, task: Task, *, seed: int, session: Session) -> list[Measurement]:
        raise RequestError(
            f"{self.name} looks at a ticket, and this is a finished network;"
            f" write: tombola measure x.ticket --property {self.name}, with a ticket as it was drawn"
        )
