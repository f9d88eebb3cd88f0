"""``tombola run``: a study or a recipe, from wherever it was left to its report."""

import json
import time
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final

import typer

from tombola.cli import completing, families, settings
from tombola.cli.commands import RUNNING
from tombola.cli.output import JSON, Table, emit, summarised
from tombola.cli.shortcuts import shortcuts
from tombola.cli.studies import OUT, SET, STORE, STUDY, command_of, place, require_place, say_failed, study_of
from tombola.cli.tracking import trackable

if TYPE_CHECKING:
    from tombola.study.run import Result
    from tombola.tasks._base import Task


EXAMPLES: Final = (
    "tombola run demo --runner processes:2",
    "tombola run study.yaml --sparsity 0.5,0.8,0.9 --out results",
    "tombola run robust-tickets/fig1 --set scale=small",
)
PLAN_EXAMPLES: Final = ("tombola plan demo", "tombola plan study.yaml --sparsity 0.8,0.9", "tombola plan demo --json")
STATUS_EXAMPLES: Final = ("tombola status demo", "tombola status study.yaml --store s3://bucket/store")
DEVICE: str = typer.Option(
    "auto",
    "--device",
    metavar="DEVICE",
    help="auto, cpu, cuda, cuda:1 or mps; with Ray, of its nodes.",
    rich_help_panel=RUNNING,
)
RUNNER: str = typer.Option(
    "inline",
    "--runner",
    metavar="RUNNER",
    help=f"{families.choices('runners')}; as processes:2, or with options: '{{name: ray, gpus: 0.5}}'.",
    autocompletion=completing.members("runners"),
    rich_help_panel=RUNNING,
)


@trackable
@shortcuts(sparsity="draw.sparsity")
def run(
    study: str = STUDY,
    set_: list[str] = SET,
    runner: str = RUNNER,
    device: str = DEVICE,
    store: str = STORE,
    out: Path = OUT,
    as_json: bool = JSON,
) -> None:
    """Run a study or a recipe, from wherever it was left.

    What is in the store is not run again. Killed, the same command continues.
    """
    from tombola.cli.progress import reporter
    from tombola.disks import written
    from tombola.fitting.freed import keep_freed
    from tombola.report.page import write_report
    from tombola.study.run import run as run_study
    from tombola.study.run import write_files, write_result
    from tombola.study.store import Store

    begun = time.monotonic()
    keep_freed()
    wanted = study_of(study, set_)
    kept = Store.at(store)
    require_place(out, wanted)
    result = run_study(wanted, kept, settings.named(runner, "--runner"), device=device, reporter=reporter())
    folder = place(out, wanted)
    facts = {**result.facts(kept), "commands": [command_of(study, set_, runner)], "task": _target(result)}
    write_result(result.rows, folder / "rows.jsonl")
    files = write_files(result.plan, kept, folder)
    with written(folder / "about.json") as beside:
        beside.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    page = write_report(result.rows, facts, folder / "report.html")
    _print(as_json, result, folder, page, files, time.monotonic() - begun)
    raise typer.Exit(result.exit_code)


def _target(result: "Result") -> str:
    """What the task is called that every cell was transferred to; empty when there are several."""
    names = {_called(planned.cell.experiment.target) for planned in result.plan.cells}
    return names.pop() if len(names) == 1 else ""


def _called(target: "Task") -> str:
    """A task as its data set is called, or the file or folder that it lies in."""
    data = getattr(target, "data", target)
    place = getattr(data, data.ARGUMENT) if data.ARGUMENT else None
    return place.name if isinstance(place, PurePath) else str(data.name)


def _print(as_json: bool, result: "Result", folder: Path, page: Path, files: list[Path], seconds: float) -> None:
    from tombola.report.table import text_table

    outcome = result.outcome
    made, total = len(outcome.made), result.before.stages
    failures = {failure.title: failure.message for failure in outcome.failed.values()}
    value = {
        "rows": len(result.rows),
        "stages": total,
        "run": made,
        "failed": failures,
        "left_out": len(outcome.left_out),
        "rows_file": str(folder / "rows.jsonl"),
        "report": str(page),
        "files": [str(file) for file in files],
        "seconds": round(seconds, 1),
    }
    exported = [f"exported: {len(files)} folders in {folder / 'files'}"] if files else []
    summarised(as_json, value, [text_table(result.rows), "", _summary(result, seconds), *exported, f"report: {page}"])
    say_failed(outcome)
    if outcome.left_out:
        typer.echo(f"left out, as what they need failed: {len(outcome.left_out)} stages", err=True)
    if outcome.interrupted:
        typer.echo("interrupted; what is finished is kept, the same command continues", err=True)


def _summary(result: "Result", seconds: float) -> str:
    made, total = len(result.outcome.made), result.before.stages
    if result.before.to_run == 0:
        return f"nothing to train: all {total} stages were in the store ({seconds:.0f} s)"
    return f"{made} of {total} stages run, {total - result.before.to_run} not needed or in the store ({seconds:.0f} s)"


TFLOPS: float = typer.Option(
    30.0,
    "--tflops",
    metavar="TFLOPS",
    min=0.001,
    max=1e9,
    help="TFLOP/s that one GPU sustains in training, for the estimate; convolutional nets in bfloat16 reach perhaps a"
    " tenth of what its maker states (312 for an A100).",
)


@shortcuts(sparsity="draw.sparsity")
def plan(
    study: str = STUDY,
    set_: list[str] = SET,
    store: str = STORE,
    tflops: float = TFLOPS,
    as_json: bool = JSON,
) -> None:
    """Say what a study consists of and about what it costs.

    What its cells share, what the store has, what is to run, and how long that takes. Runs nothing.
    """
    from tombola.cli.costs import axis_lines, cost_parts, cost_value
    from tombola.study.cost import estimate
    from tombola.study.pace import pace_of
    from tombola.study.plan import Plan
    from tombola.study.store import Store

    planned, kept = Plan.of(study_of(study, set_)), Store.at(store)
    kept.require_readable()
    counts, costs = planned.counts(kept.has), estimate(planned, kept.has)
    pace = pace_of(planned) if costs.missing.flops else None
    axes = planned.study.labels()
    value = {
        "study": planned.study.name,
        "axes": axes,
        "cells": counts.cells,
        "stages": counts.stages,
        "shared": counts.shared,
        "cached": counts.cached,
        "to_run": counts.to_run,
        "kinds": {kind: vars(tally) for kind, tally in counts.kinds.items()},
        "cost": cost_value(costs, tflops, pace),
    }
    head = f"{counts.cells} cells, {counts.stages} stages, {counts.shared} more were it not for sharing"
    table = cost_parts(counts, costs, tflops, pace)
    emit(as_json, value, [f"{planned.study.name}: {head}", *axis_lines(axes), *table])


@shortcuts(sparsity="draw.sparsity")
def status(study: str = STUDY, set_: list[str] = SET, store: str = STORE, as_json: bool = JSON) -> None:
    """Say where a study stands: the stages that are left.

    And whether some process is at one of them.
    """
    from tombola.study.plan import Plan
    from tombola.study.store import Store

    planned, kept = Plan.of(study_of(study, set_)), Store.at(store)
    kept.require_readable()
    states = {key: kept.state(key) for key in planned.stages}
    left = [(stage, states[key]) for key, stage in planned.missing(kept.has).items()]
    value = {
        "done": len(planned.stages) - len(left),
        "left": [{"stage": stage.title, "state": state, "key": stage.key} for stage, state in left],
    }
    head = f"{planned.study.name}: {len(left)} of {len(planned.stages)} stages left"
    table = Table(("state", "stage"), [(state, stage.title) for stage, state in left])
    emit(as_json, value, [head, *([table] if left else [])])
