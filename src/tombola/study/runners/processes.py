"""Several stages at a time, each in a process of its own.

What: ``count`` spawned processes take stages whose inputs are finished. Rows are those of ``inline``, bit for bit.
When: several cores and more than one stage to run. ``processes:2`` is two of them.
Cost: every process loads torch (some 300 MB and two seconds) and its own copy of the data.
Options: ``count``; ``threads`` of torch in each process.
Reference: docs/decisions/0007-threads.md.
"""

import multiprocessing
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection
from typing import Any, ClassVar

from tombola.errors import StoreError
from tombola.fitting.session import Reporter
from tombola.spec import option
from tombola.study.runners import _worker
from tombola.study.runners._base import Failure, Frontier, Outcome, Runner
from tombola.study.runners._listening import Listening
from tombola.study.stages import Stage
from tombola.study.store import Store

_DIED = "its process died: killed, or out of memory; run again to continue, with fewer processes if memory is short"


class Processes(Runner):
    """Runs in spawned processes."""

    ARGUMENT: ClassVar[str | None] = "count"

    count: int = option(2, "how many processes", ge=1, le=256)

    def run(self, stages: Mapping[str, Stage], store: Store, *, device: str, reporter: Reporter) -> Outcome:
        frontier = Frontier(stages, store)
        if not stages:
            return frontier.outcome
        count = min(self.count, len(stages))
        with reporter.task("stages", len(stages), 0) as bar:
            try:
                while _Pool(count, (store.root, device, self.threads), reporter).work(frontier, bar):
                    pass
            except KeyboardInterrupt:
                frontier.outcome.interrupted = True
        return frontier.outcome


class _Pool:
    """Worker processes, for as long as none of them dies."""

    def __init__(self, count: int, settings: tuple[Any, ...], reporter: Reporter) -> None:
        context = multiprocessing.get_context("spawn")
        self._count = count
        self._messages = context.Queue()
        self._listening = Listening(self._messages, reporter)
        self._theirs: Connection
        self._ours: Connection
        self._theirs, self._ours = context.Pipe(duplex=False)
        arguments = (*settings, self._messages, self._theirs)
        self._executor = ProcessPoolExecutor(count, context, initializer=_worker.begin, initargs=arguments)

    def work(self, frontier: Frontier, bar: Any) -> bool:
        """Run until nothing is left, or a worker died: then True, and what was running has failed."""
        running: dict[Future[_worker.Done], Stage] = {}
        try:
            with self._listening:
                while self._fill(running, frontier):
                    finished, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in finished:
                        done = future.result()
                        _settle(running.pop(future), done, frontier)
                        bar.advance(1, samples=0, loss=None)
                self._executor.shutdown(wait=True)
            return False
        except BrokenProcessPool:
            for stage in running.values():
                frontier.failed(stage, Failure(stage.title, _DIED))
            return True
        finally:
            self._ours.close()  # ends every worker that is still there
            self._executor.shutdown(wait=True, cancel_futures=True)
            self._theirs.close()
            self._messages.close()

    def _fill(self, running: dict[Future[_worker.Done], Stage], frontier: Frontier) -> bool:
        while len(running) < self._count and (stage := frontier.take()) is not None:
            running[self._executor.submit(_worker.do, stage)] = stage
        return bool(running)


def _settle(stage: Stage, done: _worker.Done, frontier: Frontier) -> None:
    if done.store_error:
        raise StoreError(done.store_error)
    if done.failure is not None:
        frontier.failed(stage, done.failure)
    else:
        frontier.done(stage.key, done.how)
