"""The contract of a runner: where the stages of a plan run, in which order, and what is told of it."""

import time
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import ClassVar, Final

import torch

from tombola.errors import TombolaError
from tombola.fitting.devices import device_of, plain_float32
from tombola.fitting.session import Reporter
from tombola.registry import Family, Member
from tombola.spec import option
from tombola.study.chain import STAGES
from tombola.study.stage import Stage
from tombola.study.store import Store


@dataclass(frozen=True)
class Failure:
    """A stage that failed, and why."""

    title: str
    message: str
    report: str = ""


@dataclass
class Outcome:
    """What a run did: stages made by it, found made, failed (with why), and left out as their inputs failed."""

    made: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    failed: dict[str, Failure] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    interrupted: bool = False


class Runner(Member):
    """Runs stages whose inputs are finished, each once. Which runner it is changes no bit of any result."""

    family: ClassVar[Family] = Family("runners", "tombola.study.runners")

    threads: int = option(1, "torch threads of a stage; another number may change the last bits of results", ge=1)

    def check(self, device: str) -> None:
        """Raise `OptionError` where stages cannot run on ``device``; asked before any begins."""
        device_of(device)

    def held(self) -> AbstractContextManager[object]:
        """What one run would start and stop again, kept for several runs within; mostly there is nothing."""
        return nullcontext()

    @abstractmethod
    def run(self, stages: Mapping[str, Stage], store: Store, *, device: str, reporter: Reporter) -> Outcome:
        """Run ``stages`` (inputs first; inputs not among them are in the store).

        A stage that fails takes those made from it with it, and no other. An interruption (Ctrl-C) gives an outcome
        that says so; a store that cannot be used raises `StoreError`.
        """


def earliest_kind_first(stages: Mapping[str, Stage]) -> dict[str, Stage]:
    """The stages, pretraining before drawing and so on, and else as they come: long trainings start at once."""
    rank = {name: place for place, name in enumerate(STAGES)}
    return dict(sorted(stages.items(), key=lambda item: rank.get(item[1].STAGE, 0)))


POLL: Final = 0.2
"""Seconds between two questions whether another process has finished a stage."""


class Frontier:
    """Which stage may run next: the earliest kind first, in the plan's order.

    A stage that another process is at is set aside: every other one comes before it, and then it is asked for again.
    A stage whose process died is suspected: it comes last, to be tried once more with nothing beside it.
    """

    def __init__(self, stages: Mapping[str, Stage], store: Store) -> None:
        self.outcome = Outcome()
        self._store = store
        self._waiting = earliest_kind_first(stages)
        self._open = set(stages)
        self._elsewhere: dict[str, Stage] = {}
        self._suspects: dict[str, Stage] = {}
        self._tried: set[str] = set()

    def take(self, only: Stage | None = None) -> Stage | None:
        """A stage whose inputs are finished, which is then no longer waiting; None when there is none now.

        With ``only`` it is that stage or none.
        """
        for key, stage in self._waiting.items():
            if only is not None and key != only.key:
                continue
            if key not in self._elsewhere and not any(source.key in self._open for source in stage.inputs):
                return self._waiting.pop(key)
        return None

    def done(self, key: str, how: str) -> None:
        """A stage is finished: ``made`` now, or found (``cached``)."""
        self._open.discard(key)
        (self.outcome.made if how == "made" else self.outcome.found).append(key)
        self._store.learn(key)
        self.ask_again()

    def put_back(self, stage: Stage) -> None:
        """A stage that was taken and not begun waits again, before all others."""
        self._waiting = {stage.key: stage, **self._waiting}

    def set_aside(self, stage: Stage) -> None:
        """A stage that was taken is being worked on by another process."""
        self.put_back(stage)
        self._elsewhere[stage.key] = stage

    @property
    def elsewhere(self) -> list[Stage]:
        """The stages set aside."""
        return list(self._elsewhere.values())

    def ask_again(self) -> None:
        """Those set aside may be taken once more: the other process may have finished, or died."""
        self._elsewhere.clear()

    def died(self, stage: Stage) -> bool:
        """The process of a stage died. Whether it will be tried once more; else it has failed, which is not told."""
        if stage.key in self._tried:
            return False
        self._tried.add(stage.key)
        self._suspects[stage.key] = stage
        return True

    @property
    def suspects(self) -> bool:
        """Whether there are suspected stages."""
        return bool(self._suspects)

    def suspect(self) -> Stage | None:
        """A stage whose process died, which is then no longer suspected; None when there is none."""
        return self._suspects.pop(next(iter(self._suspects))) if self._suspects else None

    def failed(self, stage: Stage, failure: Failure) -> None:
        """A stage failed: what is made from it, at whatever distance, is left out."""
        self.outcome.failed[stage.key] = failure
        lost = {stage.key}
        for key, other in list(self._waiting.items()):
            if any(source.key in lost for source in other.inputs):
                lost.add(key)
                self.outcome.left_out.append(key)
                del self._waiting[key]
                self._elsewhere.pop(key, None)


class Patience:
    """Says once what is waited for, until something else is; and waits a moment at a time."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._told: set[str] = set()

    def wait(self, frontier: Frontier) -> None:
        """Wait a moment for what other processes are at, which may then be taken again."""
        stages = frontier.elsewhere
        if new := [stage for stage in stages if stage.key not in self._told]:
            more = f" (and {len(stages) - 1} more)" if len(stages) > 1 else ""
            self._reporter.note(f"{new[0].title}{more}: another process is at it, waiting")
        self._told.update(stage.key for stage in stages)
        time.sleep(POLL)
        frontier.ask_again()


def failure(stage: Stage, error: BaseException, trace: str, store: Store) -> Failure:
    """What is told of an error, with the whole trace kept beside the unfinished work."""
    message = str(error) if isinstance(error, TombolaError) else f"{type(error).__name__}: {error}"
    return Failure(stage.title, message, str(store.fail(stage.key, trace)))


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Inside, torch and the linear algebra beneath numpy and scipy use ``count`` threads for one operation.

    And float32 is float32, also where a stage does not train: neither is left to what the process was set to.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it has no types

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        with plain_float32(), threadpool_limits(count, user_api="blas"):
            yield
    finally:
        torch.set_num_threads(before)
