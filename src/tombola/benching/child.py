"""The process that runs one engine: ``python -m tombola.benching.child REQUEST``, then a command a line on stdin.

It imports the engine and what that engine needs, so its memory is the model's and the engine's. Commands and replies
are JSON, one a line; what libraries print goes to stderr.

    {"do": "load"}                                        loads the model, and runs it once
    {"do": "time", "seconds": 0.1, "most": 50}            times of single runs, and which of them were interrupted
    {"do": "answer", "inputs": FOLDER, "into": FILE}      logits of files of inputs, one a name; images are uint8
    {"do": "layers", "runs": 5}                           where the time goes
    {"do": "memory"}                                      bytes
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from tombola.benching import memory, pinning
from tombola.benching.interrupting import Watch
from tombola.engines._base import Engine, Floats, Running, Setting
from tombola.shown import Arrays, from_plain


class Child:
    """One engine and its model in this process."""

    def __init__(self, request: dict[str, Any]) -> None:
        if request["pin"]:
            pinning.pin(request["pin"])
        self._engine = Engine.parse(request["engine"])
        self._folder = Path(request["folder"])
        self._setting = Setting(from_plain(request["shown"]), request["batch"], request["threads"])
        self._bare = memory.now()
        self._running: Running | None = None
        self._inputs = inputs_of(self._setting)

    def load(self) -> dict[str, Any]:
        """Load the model, which is timed, and run it once."""
        start = time.perf_counter()
        self._running = self._engine.load(self._folder, self._setting)
        seconds = time.perf_counter() - start
        self._running.run(self._inputs)
        return {"seconds": seconds}

    def time(self, seconds: float, most: int) -> dict[str, Any]:
        """Single runs for so many seconds, two at least. One run before them, not counted, brings the data back."""
        running, inputs = self._model, self._inputs
        running.run(inputs)
        runs: list[tuple[float, bool, float]] = []
        end = time.perf_counter() + seconds
        while len(runs) < most and (len(runs) < 2 or time.perf_counter() < end):
            watch, processor = Watch(), time.process_time()
            start = time.perf_counter()
            running.run(inputs)
            taken = time.perf_counter() - start
            processor = time.process_time() - processor
            runs.append((taken, watch.interrupted(taken), processor))
        return {"runs": runs}

    def answer(self, inputs: str, into: str) -> dict[str, Any]:
        """Write the logits of a folder's samples, an array a name, run in the setting's batches."""
        whole = {
            name: np.load(Path(inputs) / f"{name}.npy", mmap_mode="r", allow_pickle=False)
            for name in self._setting.shown.names
        }
        size, count = self._setting.batch, len(next(iter(whole.values())))
        found = [
            self._answer({name: array[start : start + size] for name, array in whole.items()})
            for start in range(0, count, size)
        ]
        np.save(into, np.concatenate(found), allow_pickle=False)
        return {}

    def layers(self, runs: int) -> dict[str, Any]:
        """The layers, each with its shortest time in some runs."""
        found = [self._model.layers(self._inputs) for _ in range(runs)]
        shortest = [min(same, key=lambda layer: layer.seconds) for same in zip(*found, strict=True)]
        return {"layers": [vars(layer) for layer in shortest]}

    def memory(self) -> dict[str, Any]:
        """The most memory this process ever had, and what it had before the model was loaded."""
        return {"peak": memory.peak(), "bare": self._bare}

    @property
    def _model(self) -> Running:
        assert self._running is not None, "load comes first"
        return self._running

    def _answer(self, some: Arrays) -> Floats:
        count = len(next(iter(some.values())))
        batch = {name: self._filled(array) for name, array in some.items()}
        return np.array(self._model.run(batch)[:count])

    def _filled(self, some: NDArray[Any]) -> NDArray[Any]:
        """A whole batch of these, the last one as often as it takes; bytes of images as floats in [0, 1]."""
        floats = some / np.float32(255) if some.dtype == np.uint8 else some
        more = np.repeat(floats[-1:], self._setting.batch - len(floats), axis=0)
        return np.ascontiguousarray(np.concatenate([floats, more]))


def inputs_of(setting: Setting) -> Arrays:
    """Random samples, the same in every process."""
    return setting.shown.drawn(setting.batch, np.random.default_rng(0))


def serve(child: Child, commands: TextIO, replies: TextIO) -> None:
    """Answer every command; an error is a reply too."""
    for line in commands:
        command = json.loads(line)
        try:
            found = getattr(child, command.pop("do"))(**command)
        except Exception as error:  # an engine may raise anything; the one who asked decides
            found = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(found), file=replies, flush=True)


def main(arguments: list[str]) -> None:
    """Serve on stdin and what was stdout; stdout itself is stderr from now on."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    serve(Child(json.loads(arguments[0])), sys.stdin, replies)


if __name__ == "__main__":
    main(sys.argv[1:])
