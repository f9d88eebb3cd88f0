"""`Reference`: the other ticket that one is compared with, drawn from the same dense network or read from a file.

In a study it may be the ticket of another prior too, which the study draws as its own.
"""

from pathlib import Path
from typing import Any, ClassVar, Self, final

from pydantic import ValidationError, field_validator, model_validator

from tombola.errors import RequestError
from tombola.fitting.fit import Fit
from tombola.fitting.seeds import derive
from tombola.fitting.session import Session
from tombola.masks.masks import Masks
from tombola.models.digest import weights_digest
from tombola.models.network import Network
from tombola.models.source import Source
from tombola.properties._base import TicketProperty
from tombola.schemes._base import Scheme
from tombola.spec import Json, Spec, canonical, file_digest, option
from tombola.tasks._base import Task
from tombola.tickets.ticket import Ticket


class OtherPrior(Spec):
    """What a study is to pretrain, and draw from as it draws its own ticket: model, source, recipe, seeds."""

    model: Source = option(help="the network")
    source: Task | None = option(None, "the task it is pretrained on")
    pretrain: Fit | None = option(None, "how it is pretrained; empty: it is taken with the weights it comes with")
    pretrain_seed: int = option(0, "of its pretraining", ge=0)
    seed: int | None = option(None, "of its drawing; empty: the cell's own", ge=0)
    draw: dict[str, Any] = option({}, "options of the cell's scheme that are others there, such as fit")


class Reference(Spec):
    """A scheme that looks at no task, a ``.ticket`` file, or another prior; written as the scheme or the path."""

    scheme: Scheme | None = option(None, "a scheme that needs no task, drawn from the same dense network")
    ticket: Path | None = option(None, "a .ticket file of the same network; its content counts, not where it lies")

    prior: OtherPrior | None = option(
        None, "in a study: the prior whose ticket, drawn as the cell's own, is the other one", absent=None
    )
    called: str = option("", "how results call it; empty: by the scheme, the file or the model", absent="")

    @model_validator(mode="before")
    @classmethod
    def _from_either(cls, value: object) -> object:
        if isinstance(value, Path) or (isinstance(value, str) and value.endswith(".ticket")):
            return {"ticket": value}
        named = isinstance(value, dict) and "name" in value
        return {"scheme": value} if named or isinstance(value, str | Scheme) else value

    @field_validator("ticket")
    @classmethod
    def _is_there(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_file():
            raise ValueError("there is no such file")
        return path

    @model_validator(mode="after")
    def _one_that_needs_no_task(self) -> Self:
        if sum(other is not None for other in (self.scheme, self.ticket, self.prior)) != 1:
            raise ValueError("name one scheme, one .ticket file, or one prior")
        if self.scheme is not None and any(rung.needs_task for rung in self.scheme.chain()):
            raise ValueError(
                f"scheme {self.scheme.name} looks at a task, and a ticket is inspected without one;"
                " draw it into a file with tombola draw and write the file's path"
            )
        return self

    def identity(self) -> dict[str, Json]:
        """The scheme's, the prior's, or the digest of the file's bytes; and how it is called where that is said."""
        called: dict[str, Json] = {"called": self.called} if self.called else {}
        if self.prior is not None:
            return {"prior": self.prior.identity(), **called}
        if self.ticket is not None:
            return {"ticket": file_digest(self.ticket), **called}
        return {"scheme": _identity(self.scheme), **called}

    @property
    def label(self) -> str:
        """Its short name in results: ``omp sparsity=0.5``, ``x.ticket (1f2e3d4c)``."""
        if self.called:
            return self.called
        if self.prior is not None:
            return f"{self.prior.model.name} (seed {self.prior.pretrain_seed})"
        if self.ticket is not None:
            return f"{self.ticket.name} ({file_digest(self.ticket)[:8]})"
        assert self.scheme is not None
        return " ".join([self.scheme.name, *_set_by_hand(self.scheme)])

    def masks(self, ticket: Ticket, dense: Network, *, seed: int, session: Session) -> Masks:
        """Its masks, of the same tensors as the ticket's.

        A random scheme is drawn from a seed of its own, so that it is another draw than that of the ticket.
        """
        if self.prior is not None:
            raise RequestError(
                f"the reference {self.label} is another prior's ticket, which a study draws; of one ticket alone write"
                " the other one's file: reference=x.ticket"
            )
        if self.ticket is not None:
            found = Ticket.load(self.ticket).masks
        else:
            assert self.scheme is not None
            require_its_own(dense, ticket)
            drawn = self.scheme.draw(dense, None, seed=derive(seed, "reference"), session=session.inside("reference"))
            found = list(drawn)[-1].masks
        if found.shapes() != ticket.masks.shapes():
            raise RequestError(
                f"the reference {self.label} covers other tensors than the ticket ({len(found)} and"
                f" {len(ticket.masks)}); take one of the same network, with prunable={ticket.lineage.prunable}"
            )
        return found


class Referring(TicketProperty):
    """A property of a ticket beside another one."""

    ARGUMENT: ClassVar[str | None] = "reference"

    reference: Reference = option(
        help="the other ticket: a scheme that needs no task, a .ticket file, or in a study prior={model, source, ...}"
    )

    @final
    def beside(self, ticket: Path) -> Self:
        """The same property, the other ticket being in this file, called as it was."""
        return self.replace(reference=Reference(ticket=ticket, called=self.reference.label))


def require_its_own(dense: Network, ticket: Ticket) -> None:
    """Raises `RequestError` unless the network has the weights the ticket's masks were drawn from."""
    wanted = ticket.lineage.weights_digest
    if wanted and wanted != weights_digest(dense.body):
        raise RequestError(
            f"the ticket was drawn from other weights than those of {dense.source}: its model was"
            f" {ticket.lineage.model_text or 'unknown'}; write --model with the file they are in"
        )


def _identity(scheme: Scheme | None) -> Json:
    return None if scheme is None else scheme.identity()


def _set_by_hand(scheme: Scheme) -> list[str]:
    """``option=value`` for the options that are not as they are by default."""
    try:
        usual: dict[str, Json] = type(scheme)().identity()
    except ValidationError:
        usual = {}
    return [
        f"{name}={_text(value)}"
        for name, value in scheme.identity().items()
        if usual.get(name, ...) != value and name != "name"
    ]


def _text(value: Json) -> str:
    if isinstance(value, dict) and set(value) == {"name"}:
        return str(value["name"])
    return canonical(value).strip('"')
