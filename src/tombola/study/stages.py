"""The four stages of an experiment: what each is made from, what it leaves, and the key known before it runs."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Final

from safetensors.torch import load_file

from tombola import verbs
from tombola.fitting.fit import Fit
from tombola.fitting.session import Session
from tombola.models.files import load_network, save_network
from tombola.models.network import Network
from tombola.models.saved_tensors import save_tensors
from tombola.models.source import Source
from tombola.properties._base import DenseProperty, Property, TicketProperty
from tombola.rows import write_rows
from tombola.schemes._base import Rung, Scheme
from tombola.spec import Spec, key, option
from tombola.study.experiment import Experiment
from tombola.tasks._base import Task
from tombola.tickets.ticket import Ticket
from tombola.transfers._base import Transfer

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

    @abstractmethod
    def work(self, folders: Mapping[str, Path], out: Path, session: Session) -> None:
        """Write the outputs into ``out``; ``folders`` has each input's outputs by its key."""


class PretrainStage(Stage):
    """Leaves the dense network: trained, or with the weights its source brings."""

    STAGE: ClassVar[str] = "pretrain"

    model: Source
    task: Task | None = None
    fit: Fit | None = None
    seed: int = 0

    @property
    def what(self) -> str:
        return self.fit.objective.name if self.fit else self.model.name

    def work(self, folders: Mapping[str, Path], out: Path, session: Session) -> None:
        network = self.model.load(seed=self.seed)
        if self.fit is not None:
            assert self.task is not None
            network = verbs.pretrain(network, self.task, self.fit, seed=self.seed, session=session)
        save_network(network, out / MODEL)


class DrawStage(Stage):
    """Leaves one rung: the ticket, and what the next rung needs. Task and seed are there only where it needs them."""

    STAGE: ClassVar[str] = "draw"

    prior: PretrainStage = option(identity=False)
    previous: "DrawStage | None" = option(None, identity=False)
    scheme: Scheme
    task: Task | None = None
    seed: int | None = None

    @property
    def what(self) -> str:
        return self.scheme.name

    @property
    def inputs(self) -> tuple[Stage, ...]:
        return (self.prior,) if self.previous is None else (self.prior, self.previous)

    def work(self, folders: Mapping[str, Path], out: Path, session: Session) -> None:
        network = load_network(self.prior.model, folders[self.prior.key] / MODEL)
        start = None if self.previous is None else read_rung(folders[self.previous.key])
        rung = self.scheme.rung(network, self.task, start, seed=self.seed or 0, session=session)
        ticket = rung.ticket
        seeds = {"pretrain": self.prior.seed} | ({} if self.seed is None else {"draw": self.seed})
        extra: dict[str, Any] = {**ticket.lineage.extra, "pretrain": self.prior.identity()}
        lineage = ticket.lineage.replace(seeds={**ticket.lineage.seeds, **seeds}, extra=extra)
        write_rung(Rung(replace(ticket, lineage=lineage), rung.carried), out)


def write_rung(rung: Rung, folder: Path) -> None:
    """The ticket and, where there are any, the tensors the next rung needs, in two files."""
    rung.ticket.save(folder / TICKET)
    if rung.carried:
        save_tensors(rung.carried, folder / CARRIED)


def read_rung(folder: Path) -> Rung:
    """The rung a draw stage left in a folder."""
    carried = load_file(folder / CARRIED) if (folder / CARRIED).exists() else {}
    return Rung(Ticket.load(folder / TICKET), carried)


class OnTicket(Stage):
    """A stage that reads a ticket and the dense network it is of."""

    prior: PretrainStage = option(identity=False)
    drawn: DrawStage = option(identity=False)

    @property
    def inputs(self) -> tuple[Stage, ...]:
        return (self.prior, self.drawn)

    def given(self, folders: Mapping[str, Path]) -> tuple[Network, Ticket]:
        """The network and the ticket, from the inputs' folders."""
        network = load_network(self.prior.model, folders[self.prior.key] / MODEL)
        return network, Ticket.load(folders[self.drawn.key] / TICKET)


class TransferStage(OnTicket):
    """Leaves the network adapted to the target task."""

    STAGE: ClassVar[str] = "transfer"

    task: Task
    transfer: Transfer
    seed: int

    @property
    def what(self) -> str:
        return self.transfer.name

    def work(self, folders: Mapping[str, Path], out: Path, session: Session) -> None:
        network, ticket = self.given(folders)
        adapted = verbs.transfer(network, ticket, self.task, self.transfer, seed=self.seed, session=session)
        save_network(adapted, out / MODEL)


class MeasureStage(Stage):
    """Leaves the rows of one property; the cell's labels are put on when a study collects them."""

    STAGE: ClassVar[str] = "measure"

    finished: TransferStage = option(identity=False)
    task: Task
    measured: Property
    seed: int

    @property
    def what(self) -> str:
        return self.measured.name

    @property
    def inputs(self) -> tuple[Stage, ...]:
        return (self.finished,)

    def work(self, folders: Mapping[str, Path], out: Path, session: Session) -> None:
        network = load_network(self.finished.prior.model, folders[self.finished.key] / MODEL)
        write_rows(out / ROWS, verbs.measure(network, self.task, self.measured, seed=self.seed, session=session))


class DenseStage(Stage):
    """Leaves the rows of one property of the dense network and a task: shared by all tickets of the network."""

    STAGE: ClassVar[str] = "measure"

    prior: PretrainStage = option(identity=False)
    task: Task
    measured: DenseProperty
    seed: int

    @property
    def what(self) -> str:
        return self.measured.name

    @property
    def inputs(self) -> tuple[Stage, ...]:
        return (self.prior,)

    def work(self, folders: Mapping[str, Path], out: Path, session: Session) -> None:
        network = load_network(self.prior.model, folders[self.prior.key] / MODEL)
        write_rows(out / ROWS, verbs.measure(network, self.task, self.measured, seed=self.seed, session=session))


class InspectStage(OnTicket):
    """Leaves the rows of one property of the ticket itself: shared by all transfers of the ticket."""

    STAGE: ClassVar[str] = "measure"

    measured: TicketProperty
    seed: int

    @property
    def what(self) -> str:
        return self.measured.name

    def work(self, folders: Mapping[str, Path], out: Path, session: Session) -> None:
        network, ticket = self.given(folders)
        write_rows(out / ROWS, verbs.inspect(network, ticket, self.measured, seed=self.seed, session=session))


STAGES: Final = tuple(stage.STAGE for stage in (PretrainStage, DrawStage, TransferStage, MeasureStage))


def stages_of(experiment: Experiment) -> list[MeasureStage | InspectStage | DenseStage]:
    """The measurements of an experiment, one a property; everything before them hangs on them as inputs."""
    seed = experiment.seed
    trained = experiment.pretrain is not None
    prior = PretrainStage(
        model=experiment.prior,
        task=experiment.source if trained else None,
        fit=experiment.pretrain,
        seed=_pretrain_seed(experiment),
    )
    drawn = draw_stage(prior, experiment.draw, experiment.draw_task, seed)
    finished = TransferStage(prior=prior, drawn=drawn, task=experiment.target, transfer=experiment.transfer, seed=seed)

    def measured(item: Property) -> MeasureStage | InspectStage | DenseStage:
        if isinstance(item, TicketProperty):
            return InspectStage(prior=prior, drawn=drawn, measured=item, seed=seed)
        if isinstance(item, DenseProperty):
            return DenseStage(prior=prior, task=experiment.target, measured=item, seed=seed)
        return MeasureStage(finished=finished, task=experiment.target, measured=item, seed=seed)

    return [measured(item) for item in experiment.measure]


def draw_stage(prior: PretrainStage, scheme: Scheme, task: Task | None, seed: int) -> DrawStage:
    """The stage of a scheme, hanging on the stages of the schemes before it: a ladder has one stage a rung."""
    stage: DrawStage | None = None
    for rung in scheme.chain():
        stage = DrawStage(
            prior=prior,
            previous=stage,
            scheme=rung,
            task=task if rung.needs_task else None,
            seed=seed if rung.seeded else None,
        )
    assert stage is not None
    return stage


def _pretrain_seed(experiment: Experiment) -> int:
    if experiment.pretrain is None and experiment.model.name != experiment.model.bare:
        return 0  # weights as published: nothing is random, so all seeds share them
    return experiment.seed if experiment.pretrain_seed is None else experiment.pretrain_seed
