"""The stages that end in what is shipped: files of a finished network, and its times on this machine."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar, Final

from tombola import verbs
from tombola.benching.alone import alone
from tombola.benching.asked import questions_of
from tombola.benching.bench import bench
from tombola.benching.machine import processor
from tombola.benching.result import Measured
from tombola.benching.turns import Plan
from tombola.engines._base import Setting
from tombola.errors import StageError
from tombola.exporters._base import Exporter
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.models.showing import shown_to
from tombola.rows import Row, Scalar, write_rows
from tombola.spec import option
from tombola.study.meter import Cost, Meter
from tombola.study.stage import ROWS, Stage
from tombola.study.stages import TransferStage
from tombola.study.timing import Timing
from tombola.tickets.ticket import Ticket

FILES: Final = "files"
"""The folder of an export stage that holds what was written."""


class Shipping(Stage):
    """Reads the finished network and its ticket; trains nothing."""

    finished: TransferStage = option(identity=False)

    @property
    def inputs(self) -> tuple[Stage, ...]:
        return (self.finished, self.finished.drawn)

    def cost(self, meter: Meter) -> Cost:
        return Cost()

    def kept(self, folders: Mapping[str, Path]) -> tuple[Network, Ticket]:
        """The network, and the self-contained ticket it is."""
        network = self.finished.network(folders)
        return network, verbs.keep(network, self.finished.drawn.ticket(folders), self.finished.task)


class ExportStage(Shipping):
    """Leaves the files of one exporter, and a row with their size."""

    STAGE: ClassVar[str] = "export"

    exporter: Exporter

    @property
    def what(self) -> str:
        return self.exporter.name

    def work(self, folders: Mapping[str, Path], out: Path, session: Session) -> None:
        network, ticket = self.kept(folders)
        (out / FILES).mkdir()
        files = verbs.export(network, ticket, self.exporter, out / FILES / self.exporter.FILE)
        size = sum(file.stat().st_size for file in files)
        write_rows(out / ROWS, [_row("export", "bytes", size, "bytes", {"exporter": self.exporter.name})])


class BenchStage(Shipping):
    """Leaves the times of engines on the machine it was planned on, which belong to its key.

    Benches of one machine wait for each other; nothing else waits for them, so a quiet machine is the user's to give.
    """

    STAGE: ClassVar[str] = "bench"

    timing: Timing
    machine: str
    versions: dict[str, dict[str, str]]

    @property
    def what(self) -> str:
        return ", ".join(engine.label for engine in self.timing.engines)

    def work(self, folders: Mapping[str, Path], out: Path, session: Session) -> None:
        if processor() != self.machine:
            raise StageError(
                f"planned on {self.machine}, and this is {processor()}: times are of one machine; run the study there,"
                " with the runner inline or processes"
            )
        network, ticket = self.kept(folders)
        timing, task = self.timing, self.finished.task
        shown = shown_to(network, side=task.side, length=task.length)
        with alone(session.reporter):
            found = bench(
                network,
                ticket.masks,
                timing.engines,
                Setting(shown, timing.batch, timing.threads),
                plan=Plan(seconds=timing.seconds, again=True),
                questions=questions_of(task, timing.judged, timing.only_timed, timing.samples),
                reporter=session.reporter,
            )
        for label, why in found.left_out.items():
            session.reporter.note(f"{self.title}: {label} is left out: {why}")
        write_rows(out / ROWS, [row for item in found.in_order for row in self._rows(item, found.samples)])

    def _rows(self, item: Measured, samples: int) -> Iterator[Row]:
        engine: dict[str, Scalar] = {"engine": item.engine}
        setting = {**engine, "batch": self.timing.batch, "threads": self.timing.threads, "processor": self.machine}
        p90 = round(1e3 * item.times.p90, 4)
        yield _row("bench", "latency", round(1e3 * item.times.p50, 4), "ms", {**setting, "p90_ms": p90})
        yield _row("bench", "bytes", item.bytes, "bytes", engine)
        if item.accuracy is not None:
            of = {} if self.timing.judged == "test" else {"split": self.timing.judged}
            yield _row("bench", "accuracy", item.accuracy, "%", {**engine, **of}, samples, item.outcomes)


def _row(
    name: str,
    metric: str,
    value: float,
    unit: str,
    detail: Mapping[str, Scalar],
    samples: int = 0,
    outcomes: str = "",
) -> Row:
    return Row(
        property=name,
        metric=metric,
        value=value,
        unit=unit,
        better="higher" if unit == "%" else "lower",
        samples=samples,
        detail=dict(detail),
        outcomes=outcomes,
    )
