"""A whole study: planned, checked, run, its rows collected."""

import shutil
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tombola.fitting.session import Reporter, Silent
from tombola.fitting.trainings import precision_of
from tombola.rows import Row, read_rows, write_rows
from tombola.study.manifest import machine, versions
from tombola.study.plan import Counts, Plan, behind
from tombola.study.runners._base import Outcome, Runner
from tombola.study.shipping import FILES, ExportStage
from tombola.study.stage import ROWS, Stage
from tombola.study.store import Store
from tombola.study.study import Cell, Study

PARTLY: Final = 3
_LONGEST: Final = 120
FAILED: Final = 1


@dataclass(frozen=True)
class Result:
    """What became of a study; ``before`` counts what was in the store when the run began."""

    plan: Plan
    before: Counts
    outcome: Outcome
    rows: tuple[Row, ...]
    seconds: float
    device: str = "cpu"

    @property
    def exit_code(self) -> int:
        """0 all rows are there; 1 a stage failed; 3 interrupted, and the same command continues."""
        if self.outcome.failed:
            return FAILED
        return PARTLY if self.outcome.interrupted else 0

    def facts(self, store: Store) -> dict[str, Any]:
        """What a report says beside the rows."""
        seconds: defaultdict[str, float] = defaultdict(float)
        for manifest in store.manifests(self.plan.stages):
            seconds[manifest.stage] += manifest.seconds
        study, alone = self.plan.study, self.plan.alone()
        return {
            "name": study.name,
            "title": study.title,
            "versions": versions(),
            "machine": machine(self.device),
            "precision": precision_of(self.plan.stages.values()),
            "stages": {
                kind: {
                    "count": tally.total,
                    "cached": tally.cached,
                    "seconds": round(seconds[kind], 1),
                    "alone": alone[kind],
                }
                for kind, tally in self.before.kinds.items()
            },
            "cells": self.before.cells,
            "seconds": round(self.seconds, 1),
            "study": study.as_yaml(),
        }


def run(
    study: Study,
    store: Store,
    runner: Runner | str | Mapping[str, Any] = "inline",
    *,
    device: str = "cpu",
    reporter: Reporter | None = None,
) -> Result:
    """Run what the store lacks of a study. A wrong study, or data that is not there, raises before anything runs."""
    begun = time.monotonic()
    how = Runner.parse(runner)
    how.check(device)
    plan = Plan.of(study)
    store.require_readable()
    before = plan.counts(store.has)
    missing = plan.missing(store.has)
    check_data(missing)
    if missing:
        store.require_place()
    outcome = how.run(missing, store, device=device, reporter=reporter or Silent())
    return Result(plan, before, outcome, tuple(collect(plan, store)), time.monotonic() - begun, device)


def collect(plan: Plan, store: Store) -> list[Row]:
    """The rows of every finished measurement, in the order of the cells, labelled with their cell."""
    return [
        row.model_copy(
            update={
                "study": plan.study.name,
                "cell": dict(planned.cell.labels),
                "seed": planned.cell.experiment.seed,
                "key": measure.key,
                "precision": precision_of(behind(measure)),
            }
        )
        for planned in plan.cells
        for measure in planned.measures
        if store.has(measure.key)
        for row in read_rows(store.folder(measure.key) / ROWS)
    ]


def write_files(plan: Plan, store: Store, folder: Path) -> list[Path]:
    """Copies of what was exported: ``files/CELL/native``, a folder an exporter; one that is there already is left."""
    found = []
    for planned in plan.cells:
        for stage in planned.measures:
            if isinstance(stage, ExportStage) and store.has(stage.key):
                place = folder / FILES / _called(planned.cell) / f"{stage.exporter.name}-{stage.key[:8]}"
                if not place.exists():
                    part = place.with_name(f"{place.name}.part")  # whole or not at all
                    shutil.rmtree(part, ignore_errors=True)
                    shutil.copytree(store.folder(stage.key) / FILES, part)
                    part.rename(place)
                found.append(place)
    return found


def _called(cell: Cell) -> str:
    """A cell as the name of a folder: its labels and its seed."""
    words = [*(f"{axis}={label}" for axis, label in cell.labels.items()), f"seed={cell.experiment.seed}"]
    return "".join(letter if letter.isalnum() or letter in "=.-_," else "_" for letter in ",".join(words))[:_LONGEST]


def write_result(rows: tuple[Row, ...], path: Path) -> None:
    """``rows.jsonl``, replaced as a whole; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_rows(path, rows)


def check_data(stages: Mapping[str, Stage]) -> None:
    """Raise the `DataError` of a task whose data cannot be had, before anything is trained on another's."""
    tasks = {task.digest(): task for stage in stages.values() if (task := getattr(stage, "task", None)) is not None}
    for task in tasks.values():
        task.check()
