"""`pack_linear`: a linear layer's weights as `c/linear.h` reads them."""

import numpy as np
import numpy.typing as npt

from tombola.graphs.ops import Linear
from tombola.native.layout import rounded
from tombola.native.packed import ACTIVATIONS, Array, Packed

SEGMENT = 32768
STRIPE = 4
DENSE_FROM = 0.4  # of the weights: six bytes a survivor, four a weight, and vectors of weights


def pack_linear(linear: Linear) -> Packed:
    """The layer, dense or as survivors of one or of four outputs side by side, whatever is less to read."""
    weight = linear.weight.detach().numpy().astype(np.float32)
    outputs, inputs = weight.shape
    density = float((weight != 0).mean()) if weight.size else 0.0
    size = STRIPE if not density > DENSE_FROM and _striped(weight) else 1
    dense = density > DENSE_FROM
    tables = {"values": _padded(weight)} if dense else _survivors(weight, size)
    if linear.bias is not None:
        tables["bias"] = linear.bias.detach().numpy().astype(np.float32)
    fields: dict[str, int | str] = {
        "inputs": inputs,
        "outputs": outputs,
        "dense": int(dense),
        "stride": rounded(inputs),
        "size": size,
        "rows": -(-outputs // size),
        "segments": -(-inputs // SEGMENT),
        "activation": ACTIVATIONS.index(linear.activation),
    }
    return Packed("linear", fields, tables)


def _striped(weight: npt.NDArray[np.float32]) -> bool:
    """Whether what four neighbours keep together is not much more than what each keeps."""
    return 1.25 * int((weight != 0).sum()) > STRIPE * int(_rows(weight, STRIPE).any(axis=1).sum())


def _rows(weight: npt.NDArray[np.float32], size: int) -> npt.NDArray[np.float32]:
    """(rows, size, inputs), zeros where the last row has no more outputs."""
    missing = np.zeros((-len(weight) % size, weight.shape[1]), np.float32)
    return np.concatenate([weight, missing]).reshape(-1, size, weight.shape[1])


def _padded(weight: npt.NDArray[np.float32]) -> Array:
    out = np.zeros((len(weight), rounded(weight.shape[1])), np.float32)
    out[:, : weight.shape[1]] = weight
    return out.reshape(-1)


def _survivors(weight: npt.NDArray[np.float32], size: int) -> dict[str, Array]:
    rows, segments = _rows(weight, size), -(-weight.shape[1] // SEGMENT)
    row, at = np.nonzero(rows.any(axis=1))
    counts = np.bincount(row * segments + at // SEGMENT, minlength=len(rows) * segments)
    return {
        "values": rows[row, :, at].reshape(-1),
        "steps": (at % SEGMENT).astype(np.uint16),
        "counts": counts.astype(np.uint16),
    }
