"""What torch's operations are in a `Graph`: the table of them.

A call may become no operation (it changes nothing in evaluation), one, or a few in a row.
"""

from collections.abc import Callable

from tombola.graphs import id_calls, score_calls, shape_calls, token_calls
from tombola.graphs.asked import Reader
from tombola.graphs.call import Call, Found, Unsupported
from tombola.graphs.layer_calls import adaptive, batch_norm, convolution, mean, pooled
from tombola.graphs.value_calls import (
    added,
    divided,
    joined,
    multiplied,
    padded,
    reshaped,
    sliced,
)


def operations(call: Call) -> Found:
    """The operations of a call of these input shapes and this output call.shape, in a row."""
    try:
        reader = READERS[call.kind]
    except KeyError:
        raise Unsupported(f"no operation of a graph; there are {', '.join(sorted({*READERS, *VIEWED}))}") from None
    return reader(call)


READERS: dict[str, Callable[[Call], Found]] = {
    "conv2d": convolution,
    "batch_norm": batch_norm,
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
}


VIEWED: dict[str, Reader] = {
    "linear": token_calls.linear,
    "layer_norm": token_calls.layer_norm,
    **dict.fromkeys(
        ("relu", "relu6", "silu", "hardswish", "hardsigmoid", "sigmoid", "hardtanh", "clamp", "gelu", "tanh"),
        token_calls.activated,
    ),
    **dict.fromkeys(("add", "sub"), token_calls.added),
    **dict.fromkeys(("mul", "div"), token_calls.multiplied),
    "mean": token_calls.averaged,
    **dict.fromkeys(
        ("view", "_unsafe_view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze"), shape_calls.shaped
    ),
    **dict.fromkeys(("permute", "transpose", "t", "numpy_T"), shape_calls.ordered),
    "select": shape_calls.picked,
    "slice": shape_calls.cut,
    **dict.fromkeys(("chunk", "split", "split_with_sizes", "unbind"), shape_calls.parts),
    "getitem": shape_calls.taken,
    **dict.fromkeys(("expand", "expand_as"), shape_calls.expanded),
    "roll": shape_calls.rolled,
    **dict.fromkeys(("pad", "constant_pad_nd"), shape_calls.bordered),
    **dict.fromkeys(("cat", "concat"), shape_calls.joined),
    "scaled_dot_product_attention": score_calls.attention,
    **dict.fromkeys(("matmul", "bmm"), score_calls.multiplied),
    "softmax": score_calls.weighted,
    "embedding": id_calls.embedded,
    "ne": id_calls.differing,
}
"""What reads values as they are looked at; where one gives None the value is a map as it is, and `READERS` reads it."""

SAME = frozenset(
    ("dropout", "feature_dropout", "contiguous", "clone", "detach", "alias", "lift_fresh_copy", "_to_copy", "to")
)
"""What changes no value, of whatever kind."""
