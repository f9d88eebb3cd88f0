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
from tombola.fitting.session import Reporter, Session
from tombola.study.runners._base import Frontier, Outcome, Runner, failure, torch_threads
from tombola.study.stages import Stage
from tombola.study.store import Store


class Inline(Runner):
    """Runs in this process."""

    ARGUMENT: ClassVar[str | None] = "threads"

    def run(self, stages: Mapping[str, Stage], store: Store, *, device: str, reporter: Reporter) -> Outcome:
        frontier = Frontier(stages, store)
        session = Session(device=device, reporter=reporter)
        try:
            with torch_threads(self.threads), reporter.task("stages", len(stages), 0) as bar:
                while (stage := frontier.take()) is not None:
                    self._one(stage, frontier, store, session)
                    bar.advance(1, samples=0, loss=None)
        except KeyboardInterrupt:
            frontier.outcome.interrupted = True
        return frontier.outcome

    def _one(self, stage: Stage, frontier: Frontier, store: Store, session: Session) -> None:
        try:
            frontier.done(stage.key, store.make(stage, session))
        except StoreError:
            raise
        except Exception as error:
            frontier.failed(stage, failure(stage, error, traceback.format_exc(), store))
