"""Where and how a piece of work runs: none of it decides the outcome, so none of it is in any key."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tombola.spec import Json


class Bar(Protocol):
    """A running task on the progress display; of a training it hears more, which not every display shows."""

    def advance(self, steps: int, *, samples: int, loss: float | None) -> None:
        """So many more steps and samples are done, the loss being this."""

    def about(self, options: "Mapping[str, Json]") -> None:
        """What a training is made with, told when it begins."""
        del options

    def found(self, numbers: Mapping[str, float]) -> None:
        """What a training found at the step it is at: means of the epoch that ends, a validation score."""
        del numbers


class _SilentBar(Bar):
    def advance(self, steps: int, *, samples: int, loss: float | None) -> None:
        del steps, samples, loss


class Reporter(Protocol):
    """Shows progress: rich on a terminal, lines in a log, nothing in tests."""

    def task(self, title: str, total: int, done: int) -> AbstractContextManager[Bar]:
        """A bar of ``total`` steps, ``done`` of them finished before."""

    def note(self, text: str) -> None:
        """A line about something the user should know."""


class Silent:
    """Reports nothing."""

    def task(self, title: str, total: int, done: int) -> AbstractContextManager[Bar]:
        del title, total, done
        return nullcontext(_SilentBar())

    def note(self, text: str) -> None:
        del text


@dataclass(frozen=True)
class Session:
    """The folder for checkpoints (None: keep none), the device, and who hears of progress."""

    folder: Path | None = None
    device: str = "cpu"
    reporter: Reporter = field(default_factory=Silent)
    path: Sequence[str] = ()

    def inside(self, name: str) -> "Session":
        """The same session one folder deeper, so two trainings of one stage keep apart."""
        folder = None if self.folder is None else self.folder / name
        return Session(folder, self.device, self.reporter, (*self.path, name))
