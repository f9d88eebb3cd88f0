"""`expected`: the seconds that a step of a native program should take by the model of costs."""

from collections.abc import Mapping
from typing import Final

from tombola.graphs.cells import CellLinear, CellSums
from tombola.graphs.ops import Conv, Linear, OfCells, Stem
from tombola.graphs.tokens import Attention
from tombola.native.calibration import found
from tombola.native.choosing import Machine, seconds, shipped
from tombola.native.int8.costing import CellMachine, cell_seconds
from tombola.native.int8.costing import shipped as shipped_cells
from tombola.native.layout import Layout
from tombola.native.program import Step
from tombola.native.stems import is_stem
from tombola.native.targets import tiles, vector

OTHERS: Final = {"linear": 0.15, "plain": 0.08, "dots": 0.09, "bytes": 0.37}
"""Nanoseconds a byte of a linear layer's weights, and a float that any other step reads or writes; in int8 a weight,
and a float or a cell."""
PRODUCT: Final = 0.028
"""Nanoseconds of a product in an attention: 356 us for 12.6 million on a Zen 3, softmax among them."""
STEM: Final = 0.75
"""Of what a stem's convolution would take by itself, its pooling included: 2.3 ms of 3.0 on a Zen 3."""


def expected(step: Step, threads: int = 1) -> float:
    """Seconds of one image; threads that were not calibrated for are taken to share the work evenly."""
    machine, others, share = _known(threads)
    if isinstance(step.op, CellSums):
        inp, out, known = step.reads[0].layout, step.writes.layout, cell_machine(threads)
        return cell_seconds(step.op, inp, out, known, vector("native"), tiles("native")) / share
    if isinstance(step.op, CellLinear):
        return 1e-9 * others["dots"] * step.op.weight.numel() / share
    if isinstance(step.op, OfCells):
        return 1e-9 * others["bytes"] * floats_of(step) / share
    if isinstance(step.op, Conv):
        return seconds(step.op, step.reads[0].layout, step.writes.layout, machine=machine) / share
    if isinstance(step.op, Stem):
        return _of_stem(step, step.op, machine, others["plain"]) / share
    if isinstance(step.op, Linear):
        return 1e-9 * others["linear"] * bytes_of(step.op) / share
    if isinstance(step.op, Attention):
        return 1e-9 * PRODUCT * products_of(step, step.op) / share
    return 1e-9 * others["plain"] * floats_of(step) / share


def _of_stem(step: Step, stem: Stem, machine: Machine, plain: float) -> float:
    """A stem, or once weights are gone the two steps that it is then."""
    whole = Layout(len(stem.conv.weight), *stem.size)
    alone = seconds(stem.conv, step.reads[0].layout, whole, machine=machine)
    if is_stem(stem.conv):
        return STEM * alone
    return alone + (1e-9 * plain * (whole.floats + step.writes.layout.floats) if stem.pool else 0.0)


def bytes_of(linear: Linear) -> float:
    """Bytes of weights that are read: all, or value and place of the survivors."""
    from tombola.native.linear import DENSE_FROM

    total, alive = linear.weight.numel(), int(linear.weight.count_nonzero())
    return 4.0 * total if alive > DENSE_FROM * total else 6.0 * alive


def products_of(step: Step, op: Attention) -> float:
    """Of queries and keys, and of weights and values."""
    queries, keys, values = (place.layout for place in step.reads)
    pairs = queries.height * queries.width * keys.height * keys.width / op.windows
    return float(pairs * (keys.channels + values.channels))


def floats_of(step: Step) -> float:
    """Floats that are read and written."""
    return float(sum(place.layout.floats for place in (*step.reads, step.writes)))


def _known(threads: int) -> tuple[Machine, Mapping[str, float], int]:
    """What was measured for so many threads, or for one that does its share, or what is shipped."""
    for share in dict.fromkeys((1, threads)):
        if known := found(threads // share):
            return _machine(known.coefficients), {**OTHERS, **known.others}, share
    return shipped(vector("native")), OTHERS, threads


def cell_machine(threads: int = 1) -> CellMachine:
    """What was measured of layers of cells, or what is shipped."""
    known = found(threads) or found()
    return CellMachine(**known.cells) if known and known.cells else shipped_cells(vector("native"))


def _machine(coefficients: Mapping[str, float]) -> Machine:
    return Machine(**coefficients)  # type: ignore[arg-type]  # whole numbers come back from the file as such
