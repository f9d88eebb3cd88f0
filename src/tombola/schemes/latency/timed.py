"""`Turns`: programs of one network in different masks, compiled and run in turns on this machine."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from types import TracebackType
from typing import Self

import numpy as np

from tombola.native.folder import layers_of, write_program
from tombola.native.loading import Net, load
from tombola.native.program import Program

SECONDS = 2.0
TURN = 0.2
LEAST = 5
WARM = 3


@dataclass(frozen=True)
class Timing:
    """Seconds of one run nobody disturbed, and of each of its steps by name: the shortest times of many runs.

    A run's is the sum of its steps' and of the least that a run took beside them.
    """

    steps: Mapping[str, float]
    beside: float

    @property
    def seconds(self) -> float:
        """Of the whole run."""
        return self.beside + sum(self.steps.values())

    @classmethod
    def best(cls, timings: Sequence[Self]) -> Self:
        """Of each number the smallest: what disturbs a machine only ever makes it slower."""
        names = timings[0].steps
        steps = {name: min(timing.steps[name] for timing in timings) for name in names}
        return cls(steps, min(timing.beside for timing in timings))


class Turns:
    """Loaded nets, in a ``with``; a C compiler is needed."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._stack = ExitStack()
        self._folder = Path()
        self._number = 0

    def __enter__(self) -> Self:
        self._folder = Path(self._stack.enter_context(TemporaryDirectory(prefix="tombola-latency-")))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def add(self, program: Program) -> Net:
        """The program as a net that has run a few times."""
        out = self._folder / str(self._number)
        self._number += 1
        write_program(program, layers_of(program), out, target="native", values="float32")
        net = self._stack.enter_context(load(out, threads=self._threads, profile=True))
        _turn(net, 0.0, WARM)
        return net

    def time(self, nets: Sequence[Net], seconds: float | None = None) -> list[Timing]:
        """Each net's timing over turns of so many seconds in all: what slows the machine for a while slows all."""
        turns: list[list[Timing]] = [[] for _ in nets]
        end = perf_counter() + (SECONDS if seconds is None else seconds) * len(nets)
        while perf_counter() < end or len(turns[0]) < LEAST:
            for net, own in zip(nets, turns, strict=True):
                own.append(_turn(net, TURN, 1))
        return [Timing.best(own) for own in turns]


def _turn(net: Net, seconds: float, runs: int) -> Timing:
    """Runs one after another for so many seconds, at least so many of them."""
    images = np.random.default_rng(0).random((1, *net.image), np.float32)
    found: list[Timing] = []
    before, end = net.layers(), perf_counter() + seconds
    while perf_counter() < end or len(found) < runs:
        start = perf_counter()
        net(images)
        whole, after = perf_counter() - start, net.layers()
        steps = {now.name: now.seconds - then.seconds for now, then in zip(after, before, strict=True)}
        found.append(Timing(steps, max(0.0, whole - sum(steps.values()))))
        before = after
    return Timing.best(found)
