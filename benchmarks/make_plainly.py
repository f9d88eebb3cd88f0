"""The way without `make`: the six commands that a user types for one ticket, and what comes out of them.

The ticket is one that the guides draw (stripes of four at 80 %, or half of the heads of texts), trained for as many
steps as `make` trained its dense net.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.make_jobs import Job

_IMAGES: Final = ("--sparsity", "0.8", "--pattern", "stripe:4", "--budget", "uniform")
_TEXTS: Final = ("--sparsity", "0.5", "--pattern", "head", "--set", "prunable=attention")
_ENGINES: Final = ("onnxruntime", "onnxruntime:int8")


@dataclass(frozen=True)
class Plain:
    """What six commands came to: held-out accuracy in per cent, and every engine of the bench."""

    commands: Sequence[Sequence[str]]
    minutes: float
    accuracy: float
    samples: int
    engines: Sequence[dict[str, Any]]

    def lines(self) -> Iterator[str]:
        """The commands, and what they give as a table; times also in times of the dense net's in the same bench."""
        yield f"The six-command way ({self.minutes:.1f} minutes):"
        yield from (f"  tombola {' '.join(words)}" for words in self.commands)
        yield f"  {self.accuracy:.2f} % of {self.samples:,} held-out samples"
        base = _ms(self.engines, "onnxruntime")
        for one in sorted(self.engines, key=lambda one: float(one["p50_ms"])):
            times = f", {base / one['p50_ms']:.2f} times as fast as ONNX Runtime in float32" if base else ""
            told = "" if one["accuracy"] is None else f", {one['accuracy']:.2f} %"
            yield f"  {one['engine']}: {one['p50_ms']:.3f} ms{times}, {one['bytes']:,} bytes{told}"


def six_commands(job: Job, steps: int, folder: Path) -> Plain:
    """Typed in an empty folder; raises `CalledProcessError` where one of them fails."""
    folder.mkdir(parents=True)
    begun = time.monotonic()
    commands = list(_commands(job, steps))
    said = [_typed(words, folder) for words in commands]
    (row,) = json.loads(said[3])
    bench = json.loads(said[5])
    minutes = (time.monotonic() - begun) / 60
    return Plain(commands, minutes, float(row["value"]), int(row["samples"]), bench["engines"])


def _commands(job: Job, steps: int) -> Iterator[list[str]]:
    """The net adapted as it is, a ticket drawn, adapted, measured, exported, timed."""
    task, model = _task(job), Job.set_(*job.of("model"))
    trained = [*task, "--epochs", f"{steps}it"]
    yield ["transfer", job.model, *model, *trained, "-o", "dense.ticket"]
    yield ["draw", job.model, *model, *(_IMAGES if job.pictures else _TEXTS), "-o", "x.ticket"]
    yield ["transfer", "x.ticket", "--model", job.model, *model, *trained, "-o", "adapted.ticket"]
    yield ["measure", "adapted.ticket", *task, "--json"]
    form = (
        ["--to", "native", "-o", "net"] if job.pictures else ["--to", "onnx", "--set", "shrunk=true", "-o", "net.onnx"]
    )
    yield ["export", "adapted.ticket", *form]
    engines = [*_ENGINES, *(["native", "native:int8"] if job.pictures else ["shrunk:onnxruntime:int8"])]
    yield ["bench", "adapted.ticket", *task, *(word for name in engines for word in ("--engine", name)), "--json"]


def _task(job: Job) -> list[str]:
    """The task with all that `make` finds out by itself."""
    if not job.of_files:
        return ["--task", job.examples, *Job.set_(*job.of("task"))]
    texts = [] if job.pictures else [f"task.tokenizer={job.model.partition(':')[2]}"]
    return ["--data", job.examples, *Job.set_("task.broken=skip", "task.alike=together", *texts, *job.of("task"))]


def _typed(words: Sequence[str], folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tombola", *words, "--quiet"], cwd=folder, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout


def _ms(engines: Sequence[dict[str, Any]], name: str) -> float | None:
    return next((float(one["p50_ms"]) for one in engines if one["engine"] == name), None)
