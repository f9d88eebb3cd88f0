"""The stages that end in rows of a property: of a finished network, of the dense one, of both, or of a ticket."""

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from tombola import verbs
from tombola.fitting.session import Session
from tombola.properties._base import DenseProperty, PairProperty, Property, TicketProperty
from tombola.properties._reference import Referring
from tombola.rows import Row, write_rows
from tombola.spec import option
from tombola.study.meter import Cost, Meter
from tombola.study.stage import ROWS, TICKET, Stage
from tombola.study.stages import DenseTransferStage, DrawStage, PretrainStage, TransferStage
from tombola.tasks._base import Task


class Measuring(Stage):
    """Leaves the rows of one property; the cell's labels are put on when a study collects them."""

    STAGE: ClassVar[str] = "measure"

    measured: Property
    seed: int

    @property
    def what(self) -> str:
        return self.measured.name

    def work(self, folders: Mapping[str, Path], out: Path, session: Session) -> None:
        write_rows(out / ROWS, self.rows(folders, session))

    @abstractmethod
    def rows(self, folders: Mapping[str, Path], session: Session) -> list[Row]:
        """What was measured."""


class MeasureStage(Measuring):
    """Of the finished network, on the target's test split."""

    finished: TransferStage = option(identity=False)
    task: Task

    @property
    def inputs(self) -> tuple[Stage, ...]:
        return (self.finished,)

    def cost(self, meter: Meter) -> Cost:
        passes = self.measured.passes(meter.counts(self.task))
        return meter.times(self.measured, passes, self.finished.prior.model, self.task)

    def rows(self, folders: Mapping[str, Path], session: Session) -> list[Row]:
        network = self.finished.network(folders)
        return verbs.measure(network, self.task, self.measured, seed=self.seed, session=session)


class PairStage(MeasureStage):
    """Of the finished network beside the dense one, which was adapted in the same way."""

    measured: PairProperty
    dense: DenseTransferStage = option(identity=False)

    @property
    def inputs(self) -> tuple[Stage, ...]:
        return (self.finished, self.dense)

    def rows(self, folders: Mapping[str, Path], session: Session) -> list[Row]:
        network, dense = self.finished.network(folders), self.dense.network(folders)
        return verbs.compare(network, dense, self.task, self.measured, seed=self.seed, session=session)


class DenseStage(Measuring):
    """Of the dense network as it was pretrained, and a task: shared by all tickets of the network."""

    measured: DenseProperty
    prior: PretrainStage = option(identity=False)
    task: Task

    @property
    def inputs(self) -> tuple[Stage, ...]:
        return (self.prior,)

    def cost(self, meter: Meter) -> Cost:
        passes = self.measured.passes(meter.counts(self.task))
        return meter.times(self.measured, passes, self.prior.model, self.task)

    def rows(self, folders: Mapping[str, Path], session: Session) -> list[Row]:
        network = self.prior.network(folders)
        return verbs.measure(network, self.task, self.measured, seed=self.seed, session=session)


class InspectStage(Measuring):
    """Of the ticket itself: shared by all transfers of the ticket."""

    measured: TicketProperty
    prior: PretrainStage = option(identity=False)
    drawn: DrawStage = option(identity=False)

    @property
    def inputs(self) -> tuple[Stage, ...]:
        return (self.prior, self.drawn)

    def cost(self, meter: Meter) -> Cost:
        return Cost()

    def rows(self, folders: Mapping[str, Path], session: Session) -> list[Row]:
        network, ticket = self.prior.network(folders), self.drawn.ticket(folders)
        return verbs.inspect(network, ticket, self.measured, seed=self.seed, session=session)


class BesideStage(InspectStage):
    """Of the ticket beside that of another prior, drawn in the same way."""

    measured: Referring
    other: DrawStage = option(identity=False)

    @property
    def inputs(self) -> tuple[Stage, ...]:
        return (self.prior, self.drawn, self.other)

    def rows(self, folders: Mapping[str, Path], session: Session) -> list[Row]:
        network, ticket = self.prior.network(folders), self.drawn.ticket(folders)
        measured = self.measured.beside(folders[self.other.key] / TICKET)
        return verbs.inspect(network, ticket, measured, seed=self.seed, session=session)
