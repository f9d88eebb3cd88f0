"""A `Worker`: the handle of a process that runs one engine."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from tombola.benching.numbers import Run
from tombola.engines._base import Engine, LayerTime, Setting
from tombola.errors import StageError
from tombola.shown import Arrays, plain

_LAST_LINES = 6


class Worker:
    """One engine in a process of its own, which waits while others work. Close it, or use ``with``."""

    def __init__(self, engine: Engine, folder: Path, setting: Setting, pin: Sequence[int] = ()) -> None:
        self.label = engine.label
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  closed with the worker
        request = {
            "engine": {"name": engine.name, **engine.model_dump(mode="json")},
            "folder": str(folder),
            "shown": plain(setting.shown),
            "batch": setting.batch,
            "threads": setting.threads,
            "pin": list(pin),
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tombola.benching.child", json.dumps(request)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            encoding="utf-8",
            env=_environment(setting.threads),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        if self._process.stdin is not None:
            with suppress(OSError):  # it may have ended with a command unread
                self._process.stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._log.close()

    def load(self) -> float:
        """Load the model and run it once; the seconds that loading took, the engine's own start included."""
        return float(self.ask("load")["seconds"])

    def warm_up(self, runs: int) -> None:
        """Run so many times before anything counts."""
        if runs:
            self.ask("time", seconds=float("inf"), most=runs)

    def time(self, seconds: float, most: int) -> list[Run]:
        """Single runs for so many seconds, at most so many and two at least."""
        found = self.ask("time", seconds=seconds, most=most)
        return [Run(*run) for run in found["runs"]]

    def answer(self, inputs: Path) -> Tensor:
        """The logits of the samples in a folder, as `written_inputs` leaves them."""
        into = inputs.with_suffix(".logits.npy")
        self.ask("answer", inputs=str(inputs), into=str(into))
        return torch.from_numpy(np.load(into, allow_pickle=False))

    def layers(self, runs: int = 10) -> list[LayerTime]:
        """Where the time of a run goes, the shortest time of each layer; empty for an engine that does not say."""
        return [LayerTime(**layer) for layer in self.ask("layers", runs=runs)["layers"]]

    def memory(self) -> tuple[int | None, int | None]:
        """The most bytes the process ever had, and those before the model was loaded."""
        found = self.ask("memory")
        return found["peak"], found["bare"]

    def ask(self, do: str, **options: Any) -> dict[str, Any]:
        """The reply to a command; a `StageError` with what the engine said when it failed or died."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            print(json.dumps({"do": do, **options}), file=self._process.stdin, flush=True)
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise StageError(f"{self.label} ended while it should {do} (exit code {self._code()}){self._said()}")
        found: dict[str, Any] = json.loads(line)
        if "error" in found:
            raise StageError(f"{self.label} cannot {do}: {found['error']}")
        return found

    def _code(self) -> int | None:
        try:
            return self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return None

    def _said(self) -> str:
        self._log.seek(0)
        lines = self._log.read().decode("utf-8", "replace").strip().splitlines()[-_LAST_LINES:]
        return ":\n" + "\n".join(f"  {line}" for line in lines) if lines else ""


def written_inputs(inputs: Arrays, folder: Path) -> Path:
    """Samples as `Worker.answer` takes them: a file a name, images as uint8; the folder may be there already."""
    folder.mkdir(exist_ok=True)
    for name, array in inputs.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)
    return folder


def _environment(threads: int) -> dict[str, str]:
    """This process's, with the number of threads that OpenMP and the linear algebra beneath numpy may use."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return {**os.environ, **dict.fromkeys(names, str(threads))}
