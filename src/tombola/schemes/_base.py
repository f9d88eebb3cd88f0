"""The contract of a scheme: how a ticket is drawn, alone or as a rung of a ladder."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, final

from torch import Tensor

from tombola.data._counts import Counts
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.registry import Family, Member
from tombola.tasks._base import Task
from tombola.tickets.ticket import Ticket


@dataclass(frozen=True)
class Rung:
    """What a scheme leaves: the ticket, and the tensors that the next rung needs beside it (none for most)."""

    ticket: Ticket
    carried: Mapping[str, Tensor] = field(default_factory=dict)


class Scheme(Member):
    """Draws tickets from a pretrained model, which is not changed.

    A scheme draws one ticket. Where it starts from another scheme's ticket (IMP from its own previous level, a control
    from the ticket it is a control of) it says so in `before`; a study stores each of them once.
    """

    family: ClassVar[Family] = Family("schemes", "tombola.schemes")

    @property
    def before(self) -> "Scheme | None":
        """The scheme that draws what this one starts from."""
        return None

    @property
    def needs_task(self) -> bool:
        """Whether this rung looks at a task; the task, and a seed, then belong to its identity."""
        return False

    @property
    def seeded(self) -> bool:
        """Whether this rung depends on the seed."""
        return self.needs_task

    @abstractmethod
    def rung(self, model: Network, task: Task | None, start: Rung | None, *, seed: int, session: Session) -> Rung:
        """The ticket, given what the scheme before left (None when there is none)."""

    def passes(self, counts: Counts | None) -> float | None:
        """What this rung costs, in forward passes of one image; None where a scheme that looks at data does not say.

        ``counts`` are those of the task it looks at, None for schemes that look at none.
        """
        return None if self.needs_task else 0.0

    @final
    def chain(self) -> list["Scheme"]:
        """This scheme and all before it, the first first."""
        chain: list[Scheme] = [self]
        while (earlier := chain[0].before) is not None:
            chain.insert(0, earlier)
        return chain

    @final
    def draw(self, model: Network, task: Task | None, *, seed: int, session: Session) -> Iterator[Ticket]:
        """The tickets of the whole chain, in order; the last one is this scheme's own."""
        start: Rung | None = None
        for number, scheme in enumerate(self.chain()):
            start = scheme.rung(model, task, start, seed=seed, session=session.inside(f"rung-{number}"))
            yield start.ticket
