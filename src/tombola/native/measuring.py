"""`measured`: each convolution's kernel picked by the clock: every candidate is built into the net and timed."""

from tombola.graphs.ops import Conv
from tombola.native.choosing import Choice, candidates, machine_for
from tombola.native.folder import Choose, layers_of
from tombola.native.program import Program, Step
from tombola.native.targets import check_runs_here
from tombola.native.targets import target as target_called
from tombola.native.timing import shortest

RUNS = 12


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
    layers = layers_of(program, choose=lambda step: choices[step.name], target=target)
    return shortest(program, layers, RUNS, target=target)
