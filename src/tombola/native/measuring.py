"""`measured`: each convolution's kernel picked by the clock: every candidate is built into the net and timed."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from tombola.graphs.ops import Conv
from tombola.native.choosing import Choice, candidates, machine_for
from tombola.native.folder import Choose, layers_of, write_program
from tombola.native.loading import load
from tombola.native.program import Program, Step
from tombola.native.targets import check_runs_here
from tombola.native.targets import target as target_called

RUNS = 12
"""A layer's time is the shortest of so many runs: what disturbs them only ever adds."""


def measured(program: Program, target: str) -> Choose:
    """For each convolution the fastest candidate on this machine, on one thread; raises where it cannot be built."""
    check_runs_here(target_called(target))
    options = {step.name: _candidates(step, target) for step in program.steps if isinstance(step.op, Conv)}
    best: dict[str, tuple[float, Choice]] = {}
    for number in range(max(map(len, options.values()), default=0)):
        tried = {name: found[number] for name, found in options.items() if number < len(found)}
        for name, seconds in _timed(
            program, {name: tried.get(name, found[0]) for name, found in options.items()}, target
        ).items():
            if name in tried and (name not in best or seconds < best[name][0]):
                best[name] = (seconds, tried[name])
    return lambda step: best[step.name][1]


def _candidates(step: Step, target: str) -> list[Choice]:
    assert isinstance(step.op, Conv)
    return candidates(step.op, step.reads[0].layout, step.writes.layout, machine=machine_for(target))


def _timed(program: Program, choices: dict[str, Choice], target: str) -> dict[str, float]:
    """Each step's shortest time."""
    layers = layers_of(program, choose=lambda step: choices[step.name])
    images = np.full((1, *program.image), 0.5, np.float32)
    with TemporaryDirectory() as work:
        folder = Path(work) / "net"
        write_program(program, layers, folder, target=target, values="float32")
        with load(folder, profile=True) as net:
            rows = []
            for _ in range(RUNS + 1):
                net(images)
                rows.append([layer.seconds for layer in net.layers()])
            shortest = np.diff(np.array(rows), axis=0).min(0)
            return {layer.name: float(time) for layer, time in zip(net.layers(), shortest, strict=True)}
