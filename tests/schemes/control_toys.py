"""A network with two layers of one shape, one of another and a class token, and short ways to draw controls of it."""

from typing import Any

import torch
from torch import Tensor, nn

from tombola.fitting.session import Session, Silent
from tombola.models.network import Network
from tombola.schemes._base import Rung, Scheme
from tombola.tasks._base import Task
from tombola.tickets.ticket import Ticket

FIRST, SECOND, THIRD = "stem.weight", "one.weight", "two.weight"
OMP = {"name": "omp", "sparsity": 0.5}


class Body(nn.Module):
    """Three convolutions, a norm, a token that is added, and a head; forward is never called."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.stem = nn.Conv2d(3, 8, 3)
            self.one, self.two = nn.Conv2d(8, 8, 3), nn.Conv2d(8, 8, 3)
            self.norm = nn.BatchNorm2d(8)
            self.token = nn.Parameter(torch.randn(8))
            self.head = nn.Linear(8, 3)
            nn.init.normal_(self.norm.weight)
            nn.init.normal_(self.norm.running_mean)  # type: ignore[arg-type]  # a batch norm with statistics has them


def net(seed: int = 0) -> Network:
    """The toy behind a normaliser that changes nothing."""
    return Network(Body(seed), source="toy")


class Noting(Silent):
    """Keeps the notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def rungs(
    options: dict[str, Any], model: Network, *, seed: int = 0, task: Task | None = None, notes: Noting | None = None
) -> list[Rung]:
    """What the whole chain of a scheme leaves."""
    found: list[Rung] = []
    for scheme in Scheme.parse(options).chain():
        start = found[-1] if found else None
        session = Session(reporter=notes or Silent())
        found.append(scheme.rung(model, task, start, seed=seed, session=session))
    return found


def drawn(options: dict[str, Any], model: Network, *, seed: int = 0, notes: Noting | None = None) -> Ticket:
    """The ticket asked for."""
    return rungs(options, model, seed=seed, notes=notes)[-1].ticket


def values(ticket: Ticket) -> dict[str, Tensor]:
    """A self-contained ticket's tensors."""
    assert ticket.weights is not None
    return dict(ticket.weights)
