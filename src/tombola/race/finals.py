"""One entrant trained and timed: a study of one cell, so that it is kept, resumed and shared as any other."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, TypeVar

from tombola.benching.numbers import SAMPLES
from tombola.engines._base import Engine
from tombola.errors import StageError
from tombola.fitting.session import Reporter
from tombola.race.entrants import Entrant
from tombola.race.finish import Finish, Timed
from tombola.race.rule import steadied
from tombola.race.training import Start, from_net, from_source
from tombola.race.wanted import Wanted
from tombola.rows import Row
from tombola.study.run import Result, run
from tombola.study.runners._base import Runner
from tombola.study.shipping import BenchStage
from tombola.study.stage import MODEL, Stage
from tombola.study.stages import TransferStage
from tombola.study.store import Store
from tombola.study.study import Study

S = TypeVar("S", bound=Stage)
Runs: TypeAlias = Runner | str | Mapping[str, Any]
INLINE: Final = "inline"


@dataclass(frozen=True)
class Track:
    """Where entrants run: what is wanted, the store, the device that trains, who is told."""

    wanted: Wanted
    store: Store
    device: str
    reporter: Reporter
    yardstick: Timed | None = None
    """The dense net in one engine, which is timed again beside every other entrant."""
    teacher: Path | None = None
    """The file of the dense net once adapted, which everything else learns from."""
    samples: int = SAMPLES
    """Samples that an engine is judged on, at most."""
    runner: Runs = INLINE
    """Where nets are trained; they are timed in this process whatever trained them."""

    def run(
        self, entrant: Entrant, steps: int, start: Start | None = None, *, judged: Literal["test", "val"] = "val"
    ) -> "Ran":
        """Train it for so many steps and time it; what the store holds is not done again.

        It begins at ``start``, or with the weights of its source where there is none.
        """
        if start is None:
            how = from_source(self.wanted, entrant, steps, self.teacher)
        else:
            how = from_net(self.wanted, entrant, steps, start, self.teacher)
        timing = {"bench": self._bench(entrant, judged)}
        ways = [(INLINE, timing)] if self.runner == INLINE else [(self.runner, {}), (INLINE, timing)]
        for runner, more in ways:
            study = _study(self.wanted, entrant, how, more)
            result = run(study, self.store, runner, device=self.device, reporter=self.reporter)
            if result.outcome.interrupted:
                raise KeyboardInterrupt
            if result.outcome.failed:
                break
        failed = [failure.message for failure in result.outcome.failed.values()]
        return Ran(entrant, steps, start, result, self._seconds(result), "; ".join(failed), self.yardstick)

    def net(self, ran: "Ran") -> Path:
        """The file of the net that it ended with."""
        return self.store.folder(ran.finished.key) / MODEL

    def _bench(self, entrant: Entrant, judged: str) -> dict[str, Any]:
        beside = [] if self.yardstick is None or entrant.source is not None else [self.yardstick.engine]
        bench: dict[str, Any] = {"engines": [*entrant.engines, *beside], "seconds": 1.0, "judged": judged}
        bench |= {"threads": self.wanted.threads, "batch": self.wanted.batch, "samples": self.samples}
        return {**bench, "only_timed": beside} if beside else bench

    def _seconds(self, result: Result) -> Mapping[str, float]:
        """What its stages took when they were made, now or in an earlier run, by their key."""
        return {one.key: one.seconds for one in self.store.manifests(result.plan.stages)}


@dataclass(frozen=True)
class Ran:
    """An entrant that ran: how, the study's result, the seconds behind it by stage, and why it failed if it did."""

    entrant: Entrant
    steps: int
    start: Start | None
    result: Result
    stages: Mapping[str, float]
    failed: str
    yardstick: Timed | None = None

    @property
    def seconds(self) -> float:
        """Of all its stages."""
        return sum(self.stages.values())

    @property
    def learned(self) -> int:
        """Steps behind it, those of its start included."""
        return self.steps + (0 if self.start is None else self.start.learned)

    @property
    def training(self) -> float:
        """Seconds of training alone."""
        return self.stages.get(self.finished.key, 0.0)

    @property
    def judging(self) -> float:
        """Seconds of being timed and judged."""
        return self.stages.get(self._one(BenchStage).key, 0.0)

    @property
    def problem(self) -> str:
        """Why there is nothing to judge; empty where there is."""
        return self.failed or ("" if self.finishes else "no engine ran it")

    @cached_property
    def finishes(self) -> list[Finish]:
        """One an engine that judged it, its time beside the yardstick's."""
        by_engine: dict[str, dict[str, Row]] = {}
        for row in self.result.rows:
            if row.property == "bench":
                by_engine.setdefault(str(row.detail["engine"]), {})[row.metric] = row
        times = [
            Timed(engine, rows["latency"].value, int(rows["bytes"].value))
            for engine, rows in by_engine.items()
            if {"latency", "bytes"} <= rows.keys()
        ]
        judged = {engine: rows["accuracy"] for engine, rows in by_engine.items() if "accuracy" in rows}
        steady = times if self.entrant.source is not None else steadied(times, self.yardstick)
        return [self._finish(one, judged[one.engine]) for one in steady if one.engine in judged]

    @property
    def finished(self) -> TransferStage:
        """The stage that left the adapted net."""
        return self._one(BenchStage).finished

    def _finish(self, one: Timed, accuracy: Row) -> Finish:
        return Finish(
            engine=one.engine,
            ms=one.ms,
            bytes=one.bytes,
            entrant=self.entrant.label,
            arithmetic=Engine.parse(one.engine).arithmetic,
            accuracy=accuracy.value,
            samples=accuracy.samples,
            outcomes=accuracy.outcomes,
            pruned=self.entrant.sparsity > 0,
        )

    def _one(self, kind: type[S]) -> S:
        for stage in self.result.plan.stages.values():
            if isinstance(stage, kind):
                return stage
        raise StageError(f"a race without a {kind.STAGE} stage")  # a study of this file always has one


def _study(wanted: Wanted, entrant: Entrant, how: Mapping[str, Any], more: Mapping[str, Any]) -> Study:
    """Of one cell: it is trained, and timed where ``more`` says how."""
    given: dict[str, Any] = {
        "name": "make",
        "target": wanted.task,
        "measure": ["density"],
        **how,
        "axes": {"entrant": {entrant.label: {"seed": wanted.seed, **more}}},
    }
    return Study.of(given)
