"""One entrant trained and timed: a study of one cell, so that it is kept, resumed and shared as any other."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from tombola.engines._base import Engine
from tombola.errors import StageError
from tombola.fitting.session import Reporter
from tombola.race.entrants import DENSE, Entrant
from tombola.race.rule import Finish, Timed, steadied
from tombola.race.training import from_dense, from_source
from tombola.race.wanted import Wanted
from tombola.rows import Row
from tombola.study.run import Result, run
from tombola.study.shipping import BenchStage
from tombola.study.stages import TransferStage
from tombola.study.store import Store
from tombola.study.study import Study


@dataclass(frozen=True)
class Track:
    """Where entrants run: what is wanted, the store, the device that trains, who is told."""

    wanted: Wanted
    store: Store
    device: str
    reporter: Reporter
    yardstick: Timed | None = None
    """The dense net in one engine, which is timed again beside every other entrant."""
    dense: Path | None = None
    """The file of the dense net once adapted, which tickets are drawn from and learn from."""

    def run(self, entrant: Entrant, steps: int, *, judged: Literal["test", "val"] = "val") -> "Ran":
        """Train it for so many steps and time it; what the store holds is not done again.

        The dense net is trained from its source, everything else from the dense net.
        """
        engines = [*entrant.engines, *([] if self.yardstick is None else [self.yardstick.engine])]
        given = replace(entrant, engines=engines)
        how = (
            from_source(self.wanted, given, steps)
            if entrant.label == DENSE or self.dense is None
            else from_dense(self.wanted, given, steps, self.dense)
        )
        study = _study(self.wanted, given, how, judged)
        result = run(study, self.store, device=self.device, reporter=self.reporter)
        if result.outcome.interrupted:
            raise KeyboardInterrupt
        failed = [failure.message for failure in result.outcome.failed.values()]
        return Ran(entrant, result, self._seconds(result), "; ".join(failed), self.yardstick)

    def _seconds(self, result: Result) -> float:
        """What its stages took when they were made, now or in an earlier run."""
        keys = result.plan.stages.keys()
        return sum(manifest.seconds for manifest in self.store.manifests() if manifest.key in keys)


@dataclass(frozen=True)
class Ran:
    """An entrant that ran: the study's result, the seconds behind it, and why it failed if it did."""

    entrant: Entrant
    result: Result
    seconds: float
    failed: str
    yardstick: Timed | None = None

    @property
    def problem(self) -> str:
        """Why there is nothing to judge; empty where there is."""
        return self.failed or ("" if self.finishes else "no engine ran it")

    @cached_property
    def finishes(self) -> Sequence[Finish]:
        """One an engine that judged it, its time beside the yardstick's."""
        by_engine: dict[str, dict[str, Row]] = {}
        for row in self.result.rows:
            if row.property == "bench":
                by_engine.setdefault(str(row.detail["engine"]), {})[row.metric] = row
        found = [
            Finish(
                engine=engine,
                ms=rows["latency"].value,
                bytes=int(rows["bytes"].value),
                entrant=self.entrant.label,
                arithmetic=Engine.parse(engine).arithmetic,
                accuracy=rows["accuracy"].value,
                samples=rows["accuracy"].samples,
                outcomes=rows["accuracy"].outcomes,
            )
            for engine, rows in by_engine.items()
            if {"latency", "bytes", "accuracy"} <= rows.keys()
        ]
        return steadied(found, self.yardstick)

    @property
    def finished(self) -> TransferStage:
        """The stage that left the adapted net."""
        for stage in self.result.plan.stages.values():
            if isinstance(stage, BenchStage):
                return stage.finished
        raise StageError("a race without a bench")  # a study of this file always has one


def _study(wanted: Wanted, entrant: Entrant, how: dict[str, Any], judged: str) -> Study:
    setting = {"threads": wanted.threads, "batch": wanted.batch, "seconds": 1.0, "judged": judged}
    bench = {"engines": list(entrant.engines), **setting}
    given: dict[str, Any] = {
        "name": "make",
        "target": wanted.task,
        "measure": ["density"],
        "seed": wanted.seed,
        **how,
        "axes": {"entrant": {entrant.label: {"bench": bench}}},
    }
    return Study.of(given)
