"""The contract of an exporter: a finished model as files another program reads."""

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeAlias

from tombola.errors import RequestError
from tombola.masks.masks import Masks
from tombola.models.network import Network
from tombola.registry import Family, Member
from tombola.tickets.ticket import Ticket

Reads: TypeAlias = Literal["images", "texts"]


class Exporter(Member):
    """Writes a masked model. The model given is not changed."""

    family: ClassVar[Family] = Family("exporters", "tombola.exporters")
    SUFFIX: ClassVar[str] = ""
    """What the name of the file must end in; empty: any name, or a folder."""
    FILE: ClassVar[str] = "net"
    """What it is called where nobody names it: a file, or a folder."""

    READS: ClassVar[Reads | None] = None
    """What the networks read that it is for; None: images and texts alike."""

    @abstractmethod
    def export(self, model: Network, masks: Masks, out: Path) -> list[Path]:
        """The files written; refuses to overwrite."""

    def require_reads(self, model: Network) -> None:
        """Raise `RequestError` for a network that reads something else."""
        if self.READS is not None and model.normalise.READS != self.READS:
            members: Any = self.family.members()
            able = [name for name, member in members.items() if member.READS in (None, model.normalise.READS)]
            raise RequestError(
                f"{self.name} is for nets of {self.READS}, and {model.source} reads {model.normalise.READS}; write"
                f" one of {', '.join(able)}"
            )

    def told(self, files: Sequence[Path]) -> list[str]:
        """What there is to say of the files that `export` wrote, beside their sizes: a line each."""
        return []

    def export_ticket(self, model: Network, ticket: Ticket, out: Path) -> list[Path]:
        """The same for a ticket that is applied to the model already; what is a ticket again keeps its lineage."""
        return self.export(model, ticket.masks, out)
