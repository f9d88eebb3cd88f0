"""What tests of schemes share: the toy network and task of the fitting tests, and short ways to draw."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.fitting.toys import Toy, network

from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.schemes._base import Rung, Scheme
from tombola.tasks._base import Task
from tombola.tickets.ticket import Ticket

FIT: dict[str, Any] = {"epochs": "2ep", "batch": 16, "optimizer": {"name": "sgd", "lr": 0.05}, "precision": "float32"}


def imp(**options: Any) -> Scheme:
    """A short ladder of IMP: halves at each level."""
    return Scheme.parse({"name": "imp", "ladder": "geometric:0.5", "fit": FIT, **options})


def climb(
    scheme: Scheme, model: Network | None = None, *, task: Task | None = None, seed: int = 0, folder: Path | None = None
) -> list[Rung]:
    """Every rung of a scheme, the first first."""
    return list(_rungs(scheme, model or network(), task or Toy(), seed, folder))


def _rungs(scheme: Scheme, model: Network, task: Task, seed: int, folder: Path | None) -> Iterator[Rung]:
    start: Rung | None = None
    for number, item in enumerate(scheme.chain()):
        start = item.rung(model, task, start, seed=seed, session=Session(folder).inside(f"rung-{number}"))
        yield start


def last(scheme: Scheme, model: Network | None = None, *, task: Task | None = None, seed: int = 0) -> Ticket:
    """The ticket the scheme asked for is."""
    return climb(scheme, model, task=task, seed=seed)[-1].ticket
