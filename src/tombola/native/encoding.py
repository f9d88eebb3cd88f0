"""`encoded`: a packed layer's survivors in fewer bytes, decoded when a net starts."""

from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from tombola.errors import RequestError
from tombola.native.packed import Packed
from tombola.native.sharing import NOBODY

LARGEST = float(np.finfo(np.float16).max)


def encoded(packed: Packed, values: Literal["float16", "int8"]) -> Packed:
    """The same layer with ``values`` as float16, or as int8 and a table ``scales``, one an output channel.

    A weight beyond float16's range is a `RequestError`. One of int8 is within half a step of what it was, a step being
    the channel's largest weight / 127.
    """
    own = np.asarray(packed.tables["values"], np.float32)
    if values == "float16":
        if (largest_of_all := float(np.abs(own).max(initial=0))) > LARGEST:
            raise RequestError(
                f"a weight of {largest_of_all:g} (its batch norm folded in) is beyond float16's {LARGEST:,.0f};"
                " write --set values=float32 or int8"
            )
        return _with(packed, values=own.astype(np.float16))
    channels, count = channels_of(packed), int(packed.fields["outputs"]) * int(packed.fields.get("groups", 1))
    largest = np.zeros(count, np.float32)
    np.maximum.at(largest, channels[channels >= 0], np.abs(own)[channels >= 0])
    scales = np.where(largest > 0, largest / 127, 1).astype(np.float32)
    steps = np.where(channels >= 0, np.rint(own / scales[channels]), 0)
    return _with(packed, values=np.clip(steps, -127, 127).astype(np.int8), scales=scales)


def channels_of(packed: Packed) -> npt.NDArray[np.int64]:
    """The output channel of each of ``values``, -1 of those that belong to none."""
    number = {name: int(packed.fields[name]) for name in packed.fields if isinstance(packed.fields[name], int)}
    if packed.kind == "linear":
        rows = np.arange(number["rows"] * number["size"]).reshape(-1, number["size"])
        rows = np.where(rows < number["outputs"], rows, -1)
        if number["dense"]:
            return np.repeat(rows.reshape(-1), number["stride"])
        counts = packed.tables["counts"].astype(np.int64).reshape(len(rows), -1).sum(axis=1)
        return np.repeat(rows, counts, axis=0).reshape(-1)
    order = packed.tables["order"].astype(np.int64).reshape(number["groups"], 1, number["rows"], number["size"])
    order = np.where(
        order == NOBODY, -1, order + (np.arange(number["groups"]) * number["outputs"])[:, None, None, None]
    )
    cells = np.broadcast_to(order, (number["groups"], number["blocks"], *order.shape[2:]))
    counts = packed.tables["counts"].astype(np.int64)
    return np.repeat(cells.reshape(-1, number["size"]), counts, axis=0).reshape(-1)


def _with(packed: Packed, **tables: npt.NDArray[np.generic]) -> Packed:
    return replace(packed, tables={**packed.tables, **tables})
