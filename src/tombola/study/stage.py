"""The contract of a stage: what it is made from, what it leaves, what it costs, and the key known before it runs."""

from abc import abstractmethod
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Final

from tombola.fitting.session import Session
from tombola.spec import Spec, key
from tombola.study.meter import Cost, Meter

MODEL: Final = "model.safetensors"
TICKET: Final = "ticket.ticket"
CARRIED: Final = "carried.safetensors"
ROWS: Final = "rows.jsonl"


class Stage(Spec):
    """A piece of work with a key. Inputs count by their keys, so they stand outside the stage's own identity."""

    STAGE: ClassVar[str] = ""

    @property
    def inputs(self) -> tuple["Stage", ...]:
        """The stages whose outputs this one reads."""
        return ()

    @cached_property
    def key(self) -> str:
        """sha256 over the stage's name, version and identity, and its inputs' keys."""
        return key(self.STAGE, self.VERSION, self.identity(), [stage.key for stage in self.inputs])

    @property
    def title(self) -> str:
        """How progress and errors call it."""
        return " ".join(part for part in (self.STAGE, self.what, self.key[:8]) if part)

    @property
    def what(self) -> str:
        """The name of what is done."""
        return ""

    @property
    def trains(self) -> bool:
        """Whether its trainings, where it has any, may be shared by several processes."""
        return False

    def cost(self, meter: Meter) -> Cost:
        """What it costs. Raises the `TombolaError` that says why nothing is known."""
        return Cost(unknown=f"nothing is known of stages such as {self.title}")

    @abstractmethod
    def work(self, folders: Mapping[str, Path], out: Path, session: Session) -> None:
        """Write the outputs into ``out``; ``folders`` has each input's outputs by its key."""
