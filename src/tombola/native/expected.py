"""`expected`: the seconds that a step of a native program should take by the model of costs."""

from collections.abc import Mapping
from typing import Final

from tombola.graphs.ops import Conv, Linear
from tombola.graphs.tokens import Attention
from tombola.native.calibration import found
from tombola.native.choosing import Machine, seconds, shipped
from tombola.native.program import Step
from tombola.native.targets import vector

OTHERS: Final = {"linear": 0.15, "plain": 0.08}
"""Nanoseconds a byte of a linear layer's weights, and a float that any other step reads or writes."""
PRODUCT: Final = 0.028
"""Nanoseconds of a product in an attention: 356 us for 12.6 million on a Zen 3, softmax among them."""


def expected(step: Step, threads: int = 1) -> float:
    """Seconds of one image; threads that were not calibrated for are taken to share the work evenly."""
    machine, others, share = _known(threads)
    if isinstance(step.op, Conv):
        return seconds(step.op, step.reads[0].layout, step.writes.layout, machine=machine) / share
    if isinstance(step.op, Linear):
        return 1e-9 * others["linear"] * bytes_of(step.op) / share
    if isinstance(step.op, Attention):
        return 1e-9 * PRODUCT * products_of(step, step.op) / share
    return 1e-9 * others["plain"] * floats_of(step) / share


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
            return _machine(known.coefficients), known.others, share
    return shipped(vector("native")), OTHERS, threads


def _machine(coefficients: Mapping[str, float]) -> Machine:
    return Machine(**coefficients)  # type: ignore[arg-type]  # whole numbers come back from the file as such
