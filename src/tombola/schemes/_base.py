"""The contract of a scheme: how a ticket is drawn."""

from abc import abstractmethod
from collections.abc import Iterator
from typing import ClassVar

from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.registry import Family, Member
from tombola.tasks._base import Task
from tombola.tickets.ticket import Ticket


class Scheme(Member):
    """Draws tickets from a pretrained model, which is not changed."""

    family: ClassVar[Family] = Family("schemes", "tombola.schemes")

    TRAINS: ClassVar[bool] = False
    """Whether drawing needs a task and a seed (they then belong to the ticket's identity)."""

    @abstractmethod
    def draw(self, model: Network, task: Task | None, *, seed: int, session: Session) -> Iterator[Ticket]:
        """The tickets, densest first: one for a one-shot scheme, a ladder for an iterative one."""
