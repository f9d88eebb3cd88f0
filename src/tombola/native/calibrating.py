"""`calibrate`: the numbers of the cost model measured on this machine."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from statistics import median
from time import perf_counter

from tombola.graphs.ops import Conv, Linear
from tombola.machine import processor_kind
from tombola.native.building import compiler
from tombola.native.calibrated_fit import Sample, errors, fit
from tombola.native.calibration import Calibration, kernels
from tombola.native.calibration_net import Probe, probe_program, probes_of, ways
from tombola.native.choosing import Choice
from tombola.native.expected import bytes_of, floats_of
from tombola.native.folder import Choose, layers_of
from tombola.native.int8.calibrating import LARGE, RUNS, calibrated_cells
from tombola.native.program import Program, Step
from tombola.native.timing import shortest


def probes() -> tuple[list[Probe], list[Probe]]:
    """The layers to fit to, and others to judge the fit by: shapes, strides and densities of nets for images."""
    shapes = [(64, 64, 56), (128, 128, 28), (256, 256, 14), (512, 256, 7)]
    kinds = [(1, 0.02), (1, 0.1), (1, 0.3), (4, 0.1), (4, 0.5), (4, 1.0)]
    fitted = [Probe(*shape, stripe=stripe, kept=kept) for shape in shapes for stripe, kept in kinds]
    fitted += [
        Probe(*shape, kernel=1, stripe=stripe, kept=kept)
        for shape in [(64, 128, 56), (256, 128, 28), (512, 256, 14), (512, 512, 7)]
        for stripe, kept in [(1, 0.2), (4, 1.0)]
    ]
    fitted += [
        Probe(64, 128, 56, stride=2, stripe=stripe, kept=kept) for stripe, kept in [(1, 0.1), (4, 0.2), (4, 1.0)]
    ]
    fitted += [Probe(3, 32, 112, stride=2), Probe(64, 128, 56, kernel=1, stride=2), Probe(256, 512, 14, stride=2)]
    held_out = [
        Probe(*shape, stripe=stripe, kept=kept)
        for shape in [(96, 64, 40), (160, 96, 20), (192, 192, 10), (384, 256, 7)]
        for stripe, kept in [(1, 0.05), (1, 0.2), (4, 0.05), (4, 0.3), (1, 1.0)]
    ]
    held_out += [Probe(128, 256, 28, stride=2, kept=0.1), Probe(192, 96, 20, kernel=1, stripe=4, kept=0.5)]
    return fitted, held_out


def calibrate(threads: int = 1, told: Callable[[str], None] = lambda _: None) -> Calibration:
    """Measures, fits and returns; nothing is kept. Needs a C compiler; a minute on an idle machine."""
    start = perf_counter()
    compiler()
    given, others = probes()
    told(f"{len(given) + len(others)} layers, each computed in some of the ways it can be, {threads} at a time")
    samples, rest = measured([*given, *others], threads)
    names = {item.name for item in given}
    told(f"{len(samples)} times; now those in int8, and the fits")
    cells = calibrated_cells(threads)
    machine = fit([item for item in samples if item.step.name in names])
    judged = [item for item in samples if item.step.name not in names]
    return Calibration(
        processor=processor_kind(),
        threads=threads,
        coefficients=asdict(machine),
        others={**rest, **cells.others},
        cells=cells.coefficients,
        error=median(errors(machine, judged)),
        error_in_int8=cells.error,
        fitted=len(samples) - len(judged) + cells.fitted,
        held_out=len(judged) + cells.held_out,
        seconds=perf_counter() - start,
        kernels=kernels(),
    )


def measured(
    given: Sequence[Probe], threads: int, best: int = 3, others: int = 1
) -> tuple[list[Sample], dict[str, float]]:
    """A sample for each way of each layer, and nanoseconds for what is no convolution."""
    program = probe_program(given)
    every = {step.name: ways(step, best, others) for step in probes_of(program)}
    samples: list[Sample] = []
    rest: list[dict[str, float]] = []
    for number in range(max(map(len, every.values()))):
        choices = {name: found[number % len(found)] for name, found in every.items()}
        layers = layers_of(program, choose=_by_name({name: choice for name, (choice, _) in choices.items()}))
        times = shortest(program, layers, RUNS, threads=threads)
        samples += [
            Sample(step, *choices[step.name], times[step.name])
            for step in probes_of(program)
            if number < len(every[step.name])
        ]
        rest.append(_others(program, times))
    return samples, {name: min(found[name] for found in rest) for name in rest[0]}


def _by_name(choices: Mapping[str, Choice]) -> Choose:
    return lambda step: choices.get(step.name)


def _others(program: Program, times: Mapping[str, float]) -> dict[str, float]:
    """Nanoseconds a byte of a linear layer's weights, and a float that any other step reads or writes."""
    linear = [times[step.name] / bytes_of(step.op) for step in program.steps if isinstance(step.op, Linear)]
    plain = [times[step.name] / floats_of(step) for step in program.steps if _plain(step)]
    return {"linear": 1e9 * median(linear), "plain": 1e9 * median(plain)}


def _plain(step: Step) -> bool:
    return not isinstance(step.op, Linear | Conv) and floats_of(step) > LARGE
