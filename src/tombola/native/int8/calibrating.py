"""`calibrated_cells`: what layers of cells cost on this machine."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from statistics import median
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tombola.graphs.cells import CellLinear, CellSums, Rounding
from tombola.graphs.int8.graphing import in_cells
from tombola.graphs.ops import OfCells
from tombola.graphs.vectors import with_vectors
from tombola.native.calibration_net import Probe, probe_graph
from tombola.native.expected import floats_of
from tombola.native.folder import layers_of
from tombola.native.int8.costing import fitted, shipped, work
from tombola.native.lowering import lower
from tombola.native.program import Program, Step
from tombola.native.targets import tiles, vector
from tombola.native.timing import shortest

RUNS: Final = 15
LARGE: Final = 10_000
"""Floats from which on a step's time says something about each."""


@dataclass(frozen=True)
class Found:
    """The fields of a `CellMachine`, nanoseconds of what is no convolution, and the error on layers not fitted to."""

    coefficients: Mapping[str, float]
    others: Mapping[str, float]
    error: float
    fitted: int
    held_out: int


def probes() -> tuple[list[Probe], list[Probe]]:
    """The layers to fit to, and others to judge the fit by: cells of inputs, some of them shared by four outputs."""
    shapes = [(64, 64, 56), (128, 128, 28), (256, 256, 14), (512, 256, 7)]
    kinds = [(1, 0.05), (1, 0.1), (1, 0.3), (4, 0.1), (4, 1.0)]
    fit = [Probe(*shape, stripe=stripe, kept=kept, cell=4) for shape in shapes for stripe, kept in kinds]
    fit += [
        Probe(*shape, kernel=1, kept=kept, cell=4)
        for shape in [(64, 128, 56), (256, 128, 28), (512, 256, 14)]
        for kept in (0.1, 1.0)
    ]
    fit += [Probe(64, 128, 56, stride=2, kept=kept, cell=4) for kept in (0.1, 1.0)]
    fit += [Probe(3, 64, 112, kernel=7, stride=2, cell=4), Probe(64, 128, 56, kernel=1, stride=2, cell=4)]
    held_out = [
        Probe(*shape, stripe=stripe, kept=kept, cell=4)
        for shape in [(96, 64, 40), (160, 96, 20), (192, 192, 10), (384, 256, 7)]
        for stripe, kept in [(1, 0.1), (4, 0.3), (1, 1.0)]
    ]
    return fit, [*held_out, Probe(128, 256, 28, stride=2, kept=0.2, cell=4), Probe(192, 96, 20, kernel=1, cell=4)]


def cell_program(given: Sequence[Probe]) -> Program:
    """The program of the probes in int8; what bytes come out is nobody's matter."""
    plain = with_vectors(probe_graph(given))
    return lower(in_cells(plain, {node.name: Rounding(1 / 64, 0) for node in plain}))


def calibrated_cells(threads: int, given: tuple[list[Probe], list[Probe]] | None = None) -> Found:
    """Measures and fits; needs a C compiler."""
    fit, others = given or probes()
    program = cell_program([*fit, *others])
    times = shortest(program, layers_of(program), RUNS, threads=threads)
    steps = {step.name: step for step in program.steps}
    parts = {item.name: _work(steps[item.name]) for item in (*fit, *others)}
    floats = vector("native")
    machine = fitted([parts[item.name] for item in fit], [times[item.name] for item in fit], shipped(floats))
    modelled = {name: 1e-9 * float(np.dot(part, astuple(machine))) for name, part in parts.items()}
    error = median(abs(modelled[item.name] / times[item.name] - 1) for item in others)
    return Found(asdict(machine), _others(program, times), error, len(fit), len(others))


def _work(step: Step) -> NDArray[np.float64]:
    assert isinstance(step.op, CellSums)
    return work(step.op, step.reads[0].layout, step.writes.layout, vector("native"), tiles("native"))


def _others(program: Program, times: Mapping[str, float]) -> dict[str, float]:
    """Nanoseconds a weight of a linear layer, and a float or a cell that any other step on bytes reads or writes."""
    dots = [times[step.name] / step.op.weight.numel() for step in program.steps if isinstance(step.op, CellLinear)]
    on_bytes = [step for step in program.steps if _on_bytes(step)]
    large = [step for step in on_bytes if floats_of(step) > LARGE] or on_bytes
    plain = [times[step.name] / floats_of(step) for step in large]
    return {"dots": 1e9 * median(dots), "bytes": 1e9 * median(plain)}


def _on_bytes(step: Step) -> bool:
    return isinstance(step.op, OfCells) and not isinstance(step.op, CellSums | CellLinear)
