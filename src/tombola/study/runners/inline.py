"""One stage after the other, in this process.

What: runs the stages in order; Ctrl-C stops at once and keeps the last checkpoint.
When: one GPU, a debugger, a small study. The default.
Cost: nothing beside the work.
Options: ``threads`` of torch; ``inline:4`` means four.
Reference: docs/decisions/0007-threads.md.
"""

import traceback
from collections.abc import Mapping
from typing import ClassVar

from tombola.errors import StoreError
from tombola.fitting.session import Bar, Reporter, Session
from tombola.study.runners._base import Frontier, Outcome, Patience, Runner, failure, torch_threads
from tombola.study.stage import Stage
from tombola.study.store import Store


class Inline(Runner):
    """Runs in this process."""

    ARGUMENT: ClassVar[str | None] = "threads"

    def run(self, stages: Mapping[str, Stage], store: Store, *, device: str, reporter: Reporter) -> Outcome:
        frontier = Frontier(stages, store)
        session = Session(device=device, reporter=reporter)
        try:
            with torch_threads(self.threads), reporter.task("stages", len(stages), 0) as bar:
                self._all(frontier, store, session, bar)
        except KeyboardInterrupt:
            frontier.outcome.interrupted = True
        return frontier.outcome

    def _all(self, frontier: Frontier, store: Store, session: Session, bar: Bar) -> None:
        """Every stage; one that another process is at comes after all others, and only then is waited for."""
        patience = Patience(session.reporter)
        while True:
            stage = frontier.take()
            if stage is not None and self._one(stage, frontier, store, session):
                bar.advance(1, samples=0, loss=None)
            elif stage is None and not frontier.elsewhere:
                return
            elif stage is None:
                patience.wait(frontier)

    def _one(self, stage: Stage, frontier: Frontier, store: Store, session: Session) -> bool:
        """Whether a stage is over, done or failed; False when another process is at it."""
        try:
            if (how := store.try_make(stage, session)) == "busy":
                frontier.set_aside(stage)
                return False
            frontier.done(stage.key, how)
        except StoreError:
            raise
        except Exception as error:
            frontier.failed(stage, failure(stage, error, traceback.format_exc(), store))
        return True
