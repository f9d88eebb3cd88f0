"""Several stages at a time, each in a process of its own.

What: ``count`` processes take stages whose inputs are finished. Rows are those of ``inline``, bit for bit.
    Fewer are started where memory is short, and one line says so. With ``device=cuda`` they are put on the GPUs in
    turn. A stage whose process dies (as the kernel does to one that takes too much memory) is tried once more, alone,
    when the others are finished.
When: several cores or GPUs, and more than one stage to run. ``processes:2`` is two of them; ``processes:auto`` one a
    core, or one a GPU.
Cost: two seconds to load torch, once where processes can be forked (Linux); each has its own copy of the data.
Options: ``count``; ``threads`` of torch in each process; ``memory`` and ``gpu_memory``, what each is reckoned to need.
Reference: docs/decisions/0007-threads.md.
"""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection
from typing import Any, ClassVar, Final, Literal

from pydantic import field_validator

from tombola.errors import StoreError
from tombola.fitting.session import Bar, Reporter
from tombola.fitting.starting import starting, unheard
from tombola.registry import Examples
from tombola.spec import option
from tombola.study.runners import _worker
from tombola.study.runners._base import POLL, Failure, Frontier, Outcome, Patience, Runner
from tombola.study.runners._crew import crew
from tombola.study.runners._listening import Listening
from tombola.study.stage import Stage
from tombola.study.store import Store

_MOST: Final = 256
_DIED: Final = (
    "its process died twice, the second time with no other beside it: killed, or out of memory; run again to continue,"
    " with less in a batch, or on a machine with more memory"
)


class Processes(Runner):
    """Runs in processes of their own."""

    ARGUMENT: ClassVar[str | None] = "count"
    EXAMPLES: ClassVar[Examples] = ({"count": 2},)

    count: int | Literal["auto"] = option(2, "how many processes, 1 to 256; auto: one a core, or one a GPU")
    memory: float | None = option(
        None, "gigabytes that each is reckoned to need; empty: what the first process holds, and half of one", gt=0
    )
    gpu_memory: float | None = option(None, "gigabytes of a GPU that each is reckoned to need; empty: 2", gt=0)

    @field_validator("count", mode="before")
    @classmethod
    def _some(cls, value: object) -> object:
        if value != "auto" and not (str(value).isdigit() and 1 <= int(str(value)) <= _MOST):
            raise ValueError(f"should be a number of processes from 1 to {_MOST}, or auto")
        return value

    def run(self, stages: Mapping[str, Stage], store: Store, *, device: str, reporter: Reporter) -> Outcome:
        frontier = Frontier(stages, store)
        if not stages:
            return frontier.outcome
        found = crew(
            None if self.count == "auto" else self.count,
            device,
            threads=self.threads,
            stages=len(stages),
            memory=self.memory,
            gpu=self.gpu_memory,
            note=reporter.note,
        )
        settings = (store, found.devices, self.threads)
        with reporter.task("stages", len(stages), 0) as bar:
            try:
                _run(frontier, lambda count: _Pool(count, settings, reporter, bar), found.count)
            except KeyboardInterrupt:
                frontier.outcome.interrupted = True
        return frontier.outcome


def _run(frontier: Frontier, pool: "Callable[[int], _Pool]", count: int) -> None:
    """Everything; a stage whose process died comes when nothing else can run, in a pool of its own."""
    while True:
        if not pool(count).work(frontier):
            continue
        stage = frontier.suspect()
        if stage is None:
            return
        frontier.put_back(stage)
        pool(1).work(frontier, only=stage)


class _Pool:
    """Worker processes, for as long as none of them dies."""

    def __init__(self, count: int, settings: tuple[Any, ...], reporter: Reporter, bar: Bar) -> None:
        context = starting(_worker.__name__)
        self._count = count
        self._reporter = reporter
        self._bar = bar
        self._messages = context.Queue()
        self._listening = Listening(self._messages, reporter)
        self._theirs: Connection
        self._ours: Connection
        self._theirs, self._ours = context.Pipe(duplex=False)
        arguments = (dict(os.environ), *settings, context.Value("i", 0), self._messages, self._theirs)
        self._executor = ProcessPoolExecutor(count, context, initializer=_worker.begin, initargs=arguments)
        self._running: dict[Future[_worker.Done], Stage] = {}

    def work(self, frontier: Frontier, *, only: Stage | None = None) -> bool:
        """Run until nothing is left but what is suspected (or until ``only`` has run); False when a worker died."""
        try:
            with self._listening:
                self._all(frontier, only)
                self._executor.shutdown(wait=True)
            return True
        except BrokenProcessPool:
            self._bury(frontier)
            return False
        finally:
            self._ours.close()  # ends every worker that is still there
            self._executor.shutdown(wait=True, cancel_futures=True)
            self._theirs.close()
            self._messages.close()

    def _all(self, frontier: Frontier, only: Stage | None) -> None:
        patience = Patience(self._reporter)
        while True:
            self._fill(frontier, only)
            if self._running:
                self._settle_some(frontier)
            elif not frontier.elsewhere or (frontier.suspects and only is None):
                return
            else:
                patience.wait(frontier)

    def _fill(self, frontier: Frontier, only: Stage | None) -> None:
        while len(self._running) < self._count and (stage := frontier.take(only)) is not None:
            try:
                with unheard():
                    self._running[self._executor.submit(_worker.do, stage)] = stage
            except BrokenProcessPool:
                frontier.put_back(stage)
                raise

    def _settle_some(self, frontier: Frontier) -> None:
        """Wait for a stage to end; for a moment only where one that is elsewhere may come free for an idle worker."""
        idle = len(self._running) < self._count and bool(frontier.elsewhere)
        finished, _ = wait(self._running, timeout=POLL if idle else None, return_when=FIRST_COMPLETED)
        for future in finished:
            done = future.result()
            self._settle(self._running.pop(future), done, frontier)
        if not finished:
            frontier.ask_again()

    def _settle(self, stage: Stage, done: _worker.Done, frontier: Frontier) -> None:
        if done.store_error:
            raise StoreError(done.store_error)
        if done.how == "busy":
            frontier.set_aside(stage)
            return
        if done.failure is not None:
            frontier.failed(stage, done.failure)
        else:
            frontier.done(stage.key, done.how)
        self._bar.advance(1, samples=0, loss=None)

    def _bury(self, frontier: Frontier) -> None:
        """What was running when a worker died: which of them it was is not known, so each is tried once more."""
        again: list[str] = []
        for future, stage in self._running.items():
            if future.done() and not future.cancelled() and future.exception() is None:
                self._settle(stage, future.result(), frontier)
            elif frontier.died(stage):
                again.append(stage.title)
            else:
                frontier.failed(stage, Failure(stage.title, _DIED))
                self._bar.advance(1, samples=0, loss=None)
        if again:
            self._reporter.note(
                f"{', '.join(again)}: a process died, killed or out of memory; tried once more alone, after the others"
            )
