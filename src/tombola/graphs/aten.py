"""What torch's operations are in a `Graph`: the table of them.

A call may become no operation (it changes nothing in evaluation), one, or a few in a row.
"""

from collections.abc import Callable

from tombola.graphs.call import Call, Found, Unsupported
from tombola.graphs.layer_calls import adaptive, batch_norm, convolution, linear, mean, pooled
from tombola.graphs.value_calls import (
    activation,
    added,
    clamped,
    divided,
    joined,
    multiplied,
    nothing,
    padded,
    reshaped,
    sliced,
)


def operations(call: Call) -> Found:
    """The operations of a call of these input shapes and this output call.shape, in a row."""
    try:
        reader = READERS[call.kind]
    except KeyError:
        raise Unsupported(f"no operation of a graph; there are {', '.join(sorted(READERS))}") from None
    return reader(call)


READERS: dict[str, Callable[[Call], Found]] = {
    "conv2d": convolution,
    "linear": linear,
    "batch_norm": batch_norm,
    "relu": activation("relu"),
    "relu6": activation("relu6"),
    "silu": activation("silu"),
    "hardswish": activation("hardswish"),
    "hardsigmoid": activation("hardsigmoid"),
    "sigmoid": activation("sigmoid"),
    "hardtanh": clamped,
    "clamp": clamped,
    "add": added,
    "sub": added,
    "mul": multiplied,
    "div": divided,
    "cat": joined,
    "concat": joined,
    "pad": padded,
    "constant_pad_nd": padded,
    "slice": sliced,
    "max_pool2d": pooled,
    "avg_pool2d": pooled,
    "adaptive_avg_pool2d": adaptive,
    "mean": mean,
    "flatten": reshaped,
    "view": reshaped,
    "reshape": reshaped,
    "squeeze": reshaped,
    "dropout": nothing,
    "feature_dropout": nothing,
    "contiguous": nothing,
    "clone": nothing,
    "detach": nothing,
    "alias": nothing,
    "lift_fresh_copy": nothing,
    "_to_copy": nothing,
    "to": nothing,
}
