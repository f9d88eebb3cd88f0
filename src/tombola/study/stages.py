"""The stages that lead to a finished network: a prior, a ticket rung by rung, the network adapted to the target."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Self

from safetensors.torch import load_file

from tombola import verbs
from tombola.fitting.cost import fit_passes
from tombola.fitting.fit import Fit
from tombola.fitting.session import Session
from tombola.joining import unpruned
from tombola.models.files import load_network, save_network
from tombola.models.network import Network
from tombola.models.saved_tensors import save_tensors
from tombola.models.source import Source
from tombola.schemes._base import Rung, Scheme
from tombola.spec import option
from tombola.study.meter import Cost, Meter
from tombola.study.stage import CARRIED, MODEL, TICKET, Stage
from tombola.tasks._base import Task
from tombola.tickets.ticket import Ticket
from tombola.transfers._base import Transfer


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

    @property
    def trains(self) -> bool:
        return self.task is not None

    def cost(self, meter: Meter) -> Cost:
        if self.fit is None or self.task is None:
            return Cost()
        return meter.times(self.fit.objective, fit_passes(self.fit, meter.counts(self.task)), self.model, self.task)

    def work(self, folders: Mapping[str, Path], out: Path, session: Session) -> None:
        network = self.model.load(seed=self.seed)
        if self.fit is not None:
            assert self.task is not None
            network = verbs.pretrain(network, self.task, self.fit, seed=self.seed, session=session)
        save_network(network, out / MODEL)

    def network(self, folders: Mapping[str, Path]) -> Network:
        """The dense network, from this stage's folder among another stage's inputs'."""
        return load_network(self.model, folders[self.key] / MODEL)


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
    def trains(self) -> bool:
        return self.task is not None

    def cost(self, meter: Meter) -> Cost:
        counts = None if self.task is None else meter.counts(self.task)
        return meter.times(self.scheme, self.scheme.passes(counts), self.prior.model, self.task)

    @property
    def inputs(self) -> tuple[Stage, ...]:
        return (self.prior,) if self.previous is None else (self.prior, self.previous)

    def work(self, folders: Mapping[str, Path], out: Path, session: Session) -> None:
        network = self.prior.network(folders)
        start = None if self.previous is None else read_rung(folders[self.previous.key])
        rung = self.scheme.rung(network, self.task, start, seed=self.seed or 0, session=session)
        ticket = rung.ticket
        seeds = {"pretrain": self.prior.seed} | ({} if self.seed is None else {"draw": self.seed})
        extra: dict[str, Any] = {**ticket.lineage.extra, "pretrain": self.prior.identity()}
        lineage = ticket.lineage.replace(seeds={**ticket.lineage.seeds, **seeds}, extra=extra)
        write_rung(Rung(replace(ticket, lineage=lineage), rung.carried), out)

    def ticket(self, folders: Mapping[str, Path]) -> Ticket:
        """The ticket, from this stage's folder among another stage's inputs'."""
        return Ticket.load(folders[self.key] / TICKET)


def write_rung(rung: Rung, folder: Path) -> None:
    """The ticket and, where there are any, the tensors the next rung needs, in two files."""
    rung.ticket.save(folder / TICKET)
    if rung.carried:
        save_tensors(rung.carried, folder / CARRIED)


def read_rung(folder: Path) -> Rung:
    """The rung a draw stage left in a folder."""
    carried = load_file(folder / CARRIED) if (folder / CARRIED).exists() else {}
    return Rung(Ticket.load(folder / TICKET), carried)


class Adapted(Stage):
    """A stage that leaves the network of a prior adapted to a task."""

    STAGE: ClassVar[str] = "transfer"

    prior: PretrainStage = option(identity=False)
    task: Task
    transfer: Transfer
    seed: int

    @property
    def what(self) -> str:
        return self.transfer.name

    @property
    def trains(self) -> bool:
        return True

    def cost(self, meter: Meter) -> Cost:
        return meter.times(self.transfer, self.transfer.passes(meter.counts(self.task)), self.prior.model, self.task)

    def network(self, folders: Mapping[str, Path]) -> Network:
        """The adapted network, from this stage's folder among another stage's inputs'."""
        folder = folders[self.key]
        network = load_network(self.prior.model, folder / MODEL)
        network.masks = Ticket.load(folder / TICKET).masks if (folder / TICKET).exists() else None
        return network

    def work(self, folders: Mapping[str, Path], out: Path, session: Session) -> None:
        network = self.prior.network(folders)
        ticket = self.given(network, folders)
        adapted = verbs.transfer(network, ticket, self.task, self.way(folders), seed=self.seed, session=session)
        save_network(adapted, out / MODEL)
        if adapted.masks is not None:
            replace(ticket, masks=adapted.masks, weights=None).save(out / TICKET)

    def way(self, folders: Mapping[str, Path]) -> Transfer:
        """The transfer, with what it needs of other stages."""
        del folders
        return self.transfer

    @abstractmethod
    def given(self, network: Network, folders: Mapping[str, Path]) -> Ticket:
        """The ticket that is adapted, of the prior's network."""


class TransferStage(Adapted):
    """Leaves a ticket's network adapted to the target task; learning from the ``dense`` one where that is there."""

    drawn: DrawStage = option(identity=False)
    dense: "DenseTransferStage | None" = option(None, identity=False)

    @property
    def inputs(self) -> tuple[Stage, ...]:
        return (self.prior, self.drawn) if self.dense is None else (self.prior, self.drawn, self.dense)

    def given(self, network: Network, folders: Mapping[str, Path]) -> Ticket:
        return self.drawn.ticket(folders)

    def way(self, folders: Mapping[str, Path]) -> Transfer:
        return self.transfer if self.dense is None else self.transfer.taught(self.dense.network(folders))


class DenseTransferStage(Adapted):
    """Leaves the dense network adapted as the tickets are: one a prior and seed, shared by all of them."""

    @property
    def inputs(self) -> tuple[Stage, ...]:
        return (self.prior,)

    def given(self, network: Network, folders: Mapping[str, Path]) -> Ticket:
        return unpruned(network)

    @classmethod
    def beside(cls, prior: PretrainStage, task: Task, transfer: Transfer, seed: int) -> Self:
        """Of what tickets are adapted by; without a teacher where they learn from it."""
        return cls(prior=prior, task=task, transfer=transfer.untaught() or transfer, seed=seed)


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
